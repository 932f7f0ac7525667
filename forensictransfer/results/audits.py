"""Read and write the audits of a sweep's domains, with checksums as records have them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import read_json
from forensictransfer.results.formats.metrics import MetadataBaseline
from forensictransfer.results.formats.sweep import SweepDomain
from forensictransfer.results.jobs import FORMAT, checksum, write_with_checksum

FOLDER = "audits"


def audit_path(sweep: Path, domain: str) -> Path:
    """Return where the audit of a domain of this name lies, or would lie, in a sweep's folder."""
    name = re.sub(r"[^\w.+-]+", "_", domain).strip(".")
    return sweep / FOLDER / f"{name}.json"


def read_audit(
    sweep: Path, domain: str, fingerprint: str | None = None, *, torn_is_missing: bool = False
) -> Mapping[str, Any] | None:
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
    if not isinstance(content, dict) or content.get("checksum") != checksum(content) or content.get("format") != FORMAT:
        if torn_is_missing:
            return None
        raise UserError(
            f"{path}: was edited or damaged since the audit; delete it, and `sweep` writes it again",
            code=ErrorCode.FILE_DAMAGED,
        )
    if fingerprint is not None and content.get("fingerprint") != fingerprint:
        return None
    return content


def write_audit(path: Path, found: Mapping[str, Any]) -> None:
    """Write one domain's findings with a checksum."""
    write_with_checksum(path, {"format": FORMAT, "kind": "audit", **found})


def without_pixels(audit: Mapping[str, Any]) -> MetadataBaseline:
    """Read what an audit says of metadata alone."""
    figure = audit["tellings"]["file"]["balanced_accuracy"] or {"value": None, "low": None, "high": None}
    notable = [one for one in audit["separators"] if one["part"] == "file" and one["notable"]]
    return MetadataBaseline(
        balanced_accuracy=figure["value"],
        low=figure["low"],
        high=figure["high"],
        n=audit["tellings"]["file"]["n"],
        strongest=f"{notable[0]['trace']}: {notable[0]['words']}" if notable else None,
    )


def read_audits(sweep: Path, domains: Mapping[str, SweepDomain]) -> dict[str, Mapping[str, Any]]:
    """Read the findings by domain, in the order of `domains` (of sweep.json), as far as there are any."""
    found = {name: read_audit(sweep, name, about.fingerprint) for name, about in domains.items()}
    return {name: audit for name, audit in found.items() if audit is not None}
