"""Audit domains before anything is learned from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from forensictransfer.core.settings import Settings
from forensictransfer.experiments.requests import (
    DomainLike,
    open_domain_with_notes,
)
from forensictransfer.results.formats.document import write_document

if TYPE_CHECKING:
    from forensictransfer.results.formats.audits import Audit


def audit(
    domain: DomainLike,
    other: DomainLike | None = None,
    *,
    group: str | None = None,
    workers: int | None = None,
    json: str | Path | None = None,
    equalise: str | Path | None = None,
    mend: str | Path | None = None,
    overwrite: bool = False,
) -> Audit:
    """Audit a domain: what separates its reals from its fakes without forensics, copies, odd labels, and a verdict.

    Args:
        domain: a built-in name, a folder, or a domain file. other: a second one, to be compared with the first.
        group: what belongs together, as for `train`; holds for both domains.
        workers: processes that look at images (default: one a processor, up to 8); the result does not depend on it.
        json: a file to write the findings to.
        equalise: a folder for the domain once more, both classes in one format, quality and size. mend: its name in
            version 0.1. overwrite: replace an equalised domain that is there.
    Returns: the findings; `auditing.text.audit_text` makes them a text.
    Raises: UserError for any mistake in the input.
    """
    from forensictransfer.auditing.arguments import check_arguments, check_differ

    equalise = mend if equalise is None else equalise
    check_arguments(workers=workers, json=json, other=other is not None, equalise=equalise)
    data = Settings().data
    specs = [domain] if other is None else [domain, other]
    domains = [open_domain_with_notes(spec, group, data, notes=False) for spec in specs]
    check_differ(domains)
    from forensictransfer.auditing.audit import audit_and_equalise, audit_domains
    from forensictransfer.auditing.traces.scan import default_workers

    workers = workers or default_workers()
    found: Audit
    if equalise is not None:
        found = audit_and_equalise(domains[0], equalise, data=data, workers=workers, overwrite=overwrite)
    else:
        found = audit_domains(domains, data=data, workers=workers)
    if json is not None:
        write_document(Path(json).expanduser(), found)
    return found
