"""The audit of one domain or of two: everything that is found, and the verdict on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from forensictransfer.auditing.classifier import measure_separability
from forensictransfer.auditing.copies.duplicates import duplicates
from forensictransfer.auditing.copies.families import find_families
from forensictransfer.auditing.equalise.write import check_out, equalise
from forensictransfer.auditing.folds import fold_of
from forensictransfer.auditing.labels import suspicious_labels
from forensictransfer.auditing.pairs import compare
from forensictransfer.auditing.traces.columns import FILE, TONE
from forensictransfer.auditing.traces.scan import Scan, scan
from forensictransfer.auditing.traces.separators import separators
from forensictransfer.auditing.verdict import pair_verdict, verdict
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.ownership import check_free
from forensictransfer.core.settings import DataSettings
from forensictransfer.core.version import __version__
from forensictransfer.data.counts import Counts
from forensictransfer.data.domains import Domain, open_domain
from forensictransfer.data.records import CLASSES, SPLITS
from forensictransfer.results.formats.audit import DomainAudit, DomainFindings, Separabilities
from forensictransfer.results.formats.audits import Audit, Equalisation, EqualisedAudit, PairAudit

_SUFFIXES = {"JPEG": (".jpg", ".jpeg"), "PNG": (".png",), "WEBP": (".webp",), "BMP": (".bmp",)} | {
    "TIFF": (".tif", ".tiff")
}


def audit_domains(domains: Sequence[Domain], *, data: DataSettings, workers: int = 2) -> Audit:
    """Find what separates reals from fakes without forensics in one domain or two, and which images they hold twice.

    Args:
        domains: one, or two to be compared.
        data: how large an image may be.
        workers: processes that look at images; the result does not depend on it.
    Raises:
        UserError: no image of a class can be read.
    """
    scans = [_scanned(domain, data, workers) for domain in domains]
    found = tuple(audit_scan(domain, one) for domain, one in zip(domains, scans, strict=True))
    pair = None
    if len(domains) == 2:
        names = (found[0].name, found[1].name)
        if names[0] == names[1]:
            names = (f"{names[0]} (1)", f"{names[1]} (2)")
        shared = compare(scans[0], scans[1], names, [one.separabilities for one in found])
        pair = PairAudit(**dict(shared), verdict=pair_verdict(shared))
    return Audit(version=__version__, domains=found, pair=pair)


def audit_and_equalise(
    domain: Domain, out: str | Path, *, data: DataSettings, workers: int = 2, overwrite: bool = False
) -> EqualisedAudit:
    """Audit a domain, write it equalised to the folder `out`, and audit that.

    Raises UserError as `equalise.write.equalise` does.
    """
    check_free(Path(out).expanduser())
    check_out(domain, Path(out).expanduser(), overwrite=overwrite)
    seen = _scanned(domain, data, workers)
    before = audit_scan(domain, seen)
    done = equalise(domain, seen, out, data=data, workers=workers, overwrite=overwrite)
    better = open_domain(Path(out).expanduser() / "domain.yaml", data=data)
    after = audit_scan(better, _scanned(better, data, workers))
    equalisation = Equalisation(**dict(done), folder=str(Path(out).expanduser()), after=after)
    return EqualisedAudit(version=__version__, domains=(before,), pair=None, equalisation=equalisation)


def audit_scan(domain: Domain, seen: Scan) -> DomainAudit:
    """Find what separates the classes of one domain, and how well a classifier tells them by file, tone and both."""
    folds = fold_of(seen.labels, seen.groups)
    strongest, constant = separators(seen, folds)
    file, tone, both = (measure_separability(seen, parts) for parts in ((FILE,), (TONE,), (FILE, TONE)))
    one_domain = np.zeros(len(seen), int)
    families = find_families(seen.hashes, seen.thumbs, seen.pixels, seen.groups, one_domain, seen.labels)
    found = DomainFindings(
        name=domain.name,
        origin=domain.origin,
        group=domain.spec.group,
        fingerprint=domain.fingerprint(),
        images=_counts(seen),
        splits={split: _counts(seen, seen.splits == split) for split in SPLITS},
        unreadable=tuple((record.name, CLASSES[record.label], reason) for record, reason in seen.skipped),
        notes=(*domain.notes, *_suffix_note(seen)),
        separators=tuple(strongest),
        constant=tuple(constant),
        separabilities=Separabilities(file=file, tone=tone, file_and_tone=both),
        duplicates=duplicates(seen, families),
        labels=suspicious_labels(seen, families),
    )
    return DomainAudit(**dict(found), verdict=verdict(found))


def _scanned(domain: Domain, data: DataSettings, workers: int) -> Scan:
    seen = scan(
        domain.records,
        max_pixels=int(data.max_megapixels * 1e6),
        workers=workers,
        progress=f"looking at {domain.name}",
    )
    for label, name in enumerate(CLASSES):
        if not (seen.labels == label).any():
            bad = [f" ({record.name}: {reason})" for record, reason in seen.skipped if record.label == label]
            first = bad[0] if bad else ""
            raise UserError(
                f"{domain.origin}: expected readable {name} images, found none{first}",
                code=ErrorCode.DOMAIN_CLASS_MISSING,
            )
    return seen


def _counts(seen: Scan, rows: np.ndarray | None = None) -> Counts:
    rows = np.ones(len(seen), bool) if rows is None else rows
    labels = seen.labels[rows]
    return Counts(int((labels == 0).sum()), int((labels == 1).sum()), len(np.unique(seen.groups[rows])))


def _suffix_note(seen: Scan) -> list[str]:
    """Note the files that are of another format than their suffix says: no detector sees it, but people should know."""
    other = [
        record.name
        for row, record in enumerate(seen.records)
        if (suffix := PurePosixPath(record.name).suffix.lower())
        and suffix not in _SUFFIXES.get(str(seen.value("file format", row)), (suffix,))
    ]
    return [f"{len(other)} files are of another format than their suffix says ({other[0]})"] if other else []
