"""Where the evaluation of a run on a domain lies, and what may be replaced there: the same domain's alone."""

from __future__ import annotations

from pathlib import Path

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import read_json
from forensictransfer.core.names import encode_name, folded, legacy_folder
from forensictransfer.results.formats.document import read_document
from forensictransfer.results.formats.metrics import Metrics

FOLDER = "evaluations"
METRICS = "metrics.json"
LOCALISATION = "localisation.csv"
_FILES = {METRICS, "predictions.csv", LOCALISATION, "latents.npz", "pictures"}


def evaluation_path(run: Path, domain: str) -> Path:
    """Return where the evaluation of the run in a folder on a domain of this name lies, or would lie."""
    place = run / FOLDER / encode_name(domain)
    if not place.exists() and (legacy := legacy_folder(domain)) != place.name:
        # Where version 0.1 has put it, unless that is the evaluation of another name.
        before = run / FOLDER / legacy
        if legacy and evaluated_domain(before) == domain:
            return before
    return place


def evaluated_domain(folder: Path) -> str | None:
    """Return the name of the domain whose evaluation lies in a folder, None if that cannot be read there."""
    try:
        content = read_json(folder / METRICS)
    except (UserError, OSError):
        return None
    name = content.get("target") if isinstance(content, dict) else None
    return name if isinstance(name, str) else None


def check_evaluation(run: Path, domain: str, *, overwrite: bool = False) -> Path:
    """Return where to write the evaluation on a domain of this name.

    Raises UserError if it is there already, unless `overwrite`, or if something else lies there: what is replaced is an
    evaluation on this very domain (or one whose metrics.json is damaged).
    """
    place = evaluation_path(run, domain)
    other = next((one for one in _others(place) if folded(one.name) == folded(place.name)), None)
    if other is not None:
        raise UserError(
            f"{other}: is the evaluation on '{evaluated_domain(other)}', whose folder some file systems cannot tell "
            f"from that of '{domain}'; give one of the two another name in a domain file",
            code=ErrorCode.PATH_EXISTS,
        )
    if not place.exists() and not place.is_symlink():
        return place
    check_replaceable(place, domain)
    if not overwrite and any(place.iterdir()):
        raise UserError(f"{place}: exists already; --overwrite replaces it", code=ErrorCode.PATH_EXISTS)
    return place


def check_replaceable(place: Path, domain: str) -> None:
    """Raise UserError unless a folder holds an evaluation on this domain, or nothing."""
    if place.is_symlink() or not place.is_dir():
        raise UserError(
            f"{place}: is {'a link' if place.is_symlink() else 'a file'} where the evaluation on '{domain}' belongs, "
            "and is not replaced; move it away",
            code=ErrorCode.PATH_WRONG_KIND,
        )
    if place.parent.is_symlink():
        raise UserError(
            f"{place.parent}: is a link to {place.parent.resolve()}, and nothing behind it is replaced; remove the "
            "evaluation there yourself",
            code=ErrorCode.PATH_WRONG_KIND,
        )
    whose = evaluated_domain(place)
    if whose is not None and whose != domain:
        own = encode_name(whose) if whose else place.name
        raise UserError(
            f"{place}: holds the evaluation on '{whose}', not on '{domain}', and is not replaced; "
            + ("move it away" if own == place.name else f"rename the folder to {own}"),
            code=ErrorCode.PATH_EXISTS,
        )
    strange = sorted(path.name for path in place.iterdir() if path.name not in _FILES and path.name[0] != ".")
    if strange or (any(place.iterdir()) and not (place / METRICS).exists()):
        what = f"holds other files ({strange[0]})" if strange else f"has no {METRICS}"
        raise UserError(
            f"{place}: {what}, so it is not replaced as an evaluation; move it away", code=ErrorCode.PATH_EXISTS
        )


def read_metrics(path: Path) -> Metrics:
    """Read a metrics.json. Raises UserError: missing, or not as it was written."""
    return read_document(path, Metrics, "evaluate again with --overwrite")


def _others(place: Path) -> list[Path]:
    """List the folders beside one that are other ones to this file system."""
    if not place.parent.is_dir():
        return []
    there = place.exists()
    return [
        path
        for path in place.parent.iterdir()
        if path.name != place.name and not path.name.startswith(".") and not (there and path.samefile(place))
    ]
