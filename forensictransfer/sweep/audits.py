"""The audit of every domain of a sweep, once, before its jobs: SWEEP/audits/NAME.json, checksum and all."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import DataSettings
from forensictransfer.data.domains import Domain
from forensictransfer.results.audits import audit_path, read_audit, write_audit
from forensictransfer.results.formats.audit import CLEAN
from forensictransfer.sweep.folder import SweepFolder

_log = logging.getLogger(__name__)


def audit_all(folder: SweepFolder, domains: Iterable[Domain], data: DataSettings, workers: int) -> None:
    """Audit the domains that have no audit of their very images yet.

    One that another process is at is left to it, and one that cannot be audited is told: no job waits for an audit.
    """
    for domain in domains:
        path = audit_path(folder.path, domain.name)
        if read_audit(folder.path, domain.name, domain.fingerprint(), damaged_is_missing=True) is not None:
            continue
        with folder.holding(f"audit-{path.stem}") as mine:
            if not mine:
                continue
            # Here: its libraries take a second, which a sweep that is continued after its audits does without.
            from forensictransfer.auditing.audit import audit_domains

            try:
                found = audit_domains([domain], data=data, workers=workers).domains[0]
            except UserError as error:
                _log.warning("not audited: %s", error)
                continue
            path.parent.mkdir(exist_ok=True)
            write_audit(path, found)
            verdict = found.verdict
            if verdict.word != CLEAN:
                _log.info("audit of %s: %s: %s", domain.name, verdict.word, verdict.reasons[0].text)
