"""Read and write the audits of a sweep's domains, with checksums as records have them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import read_json
from forensictransfer.core.names import encode_name, legacy_folder
from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.results.formats.audit import DomainAudit, StoredAudit
from forensictransfer.results.formats.document import parse_document
from forensictransfer.results.formats.metrics import MetadataBaseline
from forensictransfer.results.formats.sweep import SweepDomain
from forensictransfer.results.jobs import checksum, write_with_checksum

FOLDER = "audits"
REMEDY = "delete it, and `sweep` writes it again"


def audit_path(sweep: Path, domain: str) -> Path:
    """Return where the audit of a domain of this name lies, or would lie, in a sweep's folder."""
    path = sweep / FOLDER / f"{encode_name(domain)}.json"
    before = sweep / FOLDER / f"{legacy_folder(domain)}.json"
    if before != path and not path.exists() and before.is_file():
        # Where version 0.1 has put it, unless that is the audit of another name.
        with contextlib.suppress(UserError, OSError, AttributeError):
            if read_json(before).get("name") == domain:
                return before
    return path


def read_audit(
    sweep: Path, domain: str, fingerprint: str | None = None, *, damaged_is_missing: bool = False
) -> StoredAudit | None:
    """Read the findings of one domain; None where there are none, or none of these very images.

    Raises UserError for a file that was edited or damaged, unless that is to count as missing.
    """
    path = audit_path(sweep, domain)
    if not path.is_file():
        return None
    try:
        content = read_json(path)
    except UserError:
        content = None
    if not isinstance(content, dict) or content.get("checksum") != checksum(content):
        if damaged_is_missing:
            return None
        raise UserError(
            f"{path}: was edited or damaged since the audit; {REMEDY}",
            code=ErrorCode.FILE_DAMAGED,
        )
    try:
        found = parse_document(path, content, StoredAudit, REMEDY)
    except UserError:
        if damaged_is_missing:
            return None
        raise
    return found if fingerprint in (None, found.fingerprint) else None


def write_audit(path: Path, found: DomainAudit) -> None:
    """Write one domain's findings with a checksum."""
    write_with_checksum(path, StoredAudit(**dict(found)))


def without_pixels(audit: DomainAudit) -> MetadataBaseline:
    """Sum up what an audit says of metadata alone."""
    measured = audit.separabilities.file
    figure = measured.balanced_accuracy or Estimate(None, None, None)
    notable = [one for one in audit.separators if one.part == "file" and one.notable]
    return MetadataBaseline(
        balanced_accuracy=figure.value,
        low=figure.low,
        high=figure.high,
        n=measured.n,
        strongest=f"{notable[0].trace}: {notable[0].words}" if notable else None,
    )


def read_audits(sweep: Path, domains: Mapping[str, SweepDomain]) -> dict[str, StoredAudit]:
    """Read the findings by domain, in the order of `domains` (of sweep.json), as far as there are any."""
    found = {name: read_audit(sweep, name, about.fingerprint) for name, about in domains.items()}
    return {name: audit for name, audit in found.items() if audit is not None}
