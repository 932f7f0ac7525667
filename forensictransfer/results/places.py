"""Where a run may be written: to a folder that is empty, its own or to be replaced, and by one process at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import check_folder, read_json
from forensictransfer.core.ownership import Ownership, check_free, owning
from forensictransfer.results.evaluations import FOLDER

MARKER = "FINISHED"
_RESULTS = {
    *("run.json", "settings.yaml", MARKER, "data.json", "environment.json", "decision.json", "metrics.json"),
    *("predictions.csv", "history.csv", "validation.csv", "shots.csv", "held_out.csv", "trials.csv"),
    *("chosen.json", "CARD.md"),
    *("model.keras", "source_features.npz", "latents.npz", "pictures.json", "sweep.json", "sweep.yaml", "study.db"),
}
_RECORDS = ("jobs", "audits")  # folders of a sweep that hold results alone


def check_new(path: str | Path, *, overwrite: bool = False, resume: bool = False) -> None:
    """Raise UserError unless a run may be written to `path`: nothing there, an empty folder, or a run to replace.

    Only a folder that is a run is ever replaced. Called before any work, so that nothing is computed in vain.
    """
    path = Path(path).expanduser()
    if overwrite and resume:
        raise UserError(
            "--resume continues a run and --overwrite throws it away: give one of them",
            code=ErrorCode.ARGUMENTS_CONFLICT,
        )
    check_folder(path)
    if not path.exists() or not any(path.iterdir()):
        return
    check_is_run(path, resume=resume)
    if not (overwrite or resume):
        hint = "" if (path / MARKER).is_file() else ", --resume continues its training"
        raise UserError(f"{path}: exists already; --overwrite replaces it{hint}", code=ErrorCode.PATH_EXISTS)
    if overwrite and path.is_symlink():
        raise UserError(
            f"{path}: is a link to {path.resolve()}, and --overwrite replaces no folder by a link to it; give that "
            "folder itself",
            code=ErrorCode.PATH_WRONG_KIND,
        )


def check_output(path: Path) -> None:
    """Raise UserError if a file to write (a table, findings) would replace a result of a run or a sweep."""
    of = ("run.json", "sweep.json")
    inside = next((one for one in path.absolute().parents if any((one / name).is_file() for name in of)), None)
    if inside is not None and path.exists() and (path.name in _RESULTS or path.parent.name in _RECORDS):
        raise UserError(
            f"{path}: is a result in {inside}, and is not replaced; choose another file", code=ErrorCode.PATH_EXISTS
        )


@contextlib.contextmanager
def owning_run(path: Path, doing: str) -> Iterator[Ownership]:
    """Own the folder of a run, evaluations and all, while the block runs.

    Raises UserError if another process writes to it.
    """
    with owning(path, doing) as owned:
        _check_evaluations_free(path)
        yield owned


def check_run_free(path: Path) -> None:
    """Raise UserError if another process writes to a run or to an evaluation of it: a word before any work."""
    check_free(path)
    _check_evaluations_free(path)


def _check_evaluations_free(path: Path) -> None:
    for file in (path / FOLDER).glob(".*.lock"):
        check_free(file.with_name(file.name[1 : -len(".lock")]))


def check_is_run(path: Path, *, resume: bool = False) -> None:
    """Raise UserError unless a folder is a run, by what its run.json says.

    resume: the run is to be opened, which says better what is wrong with a run.json.
    """
    file = path / "run.json"
    if not file.is_file():
        raise UserError(
            f"{path}: holds other files and is no run; choose another folder (it will not be overwritten)",
            code=ErrorCode.NOT_A_RUN,
        )
    if resume:
        return
    try:
        content = read_json(file)
    except UserError:  # a run, too, whose run.json is damaged
        known = (path / "settings.yaml").is_file()
    else:
        known = isinstance(content, dict) and content.get("kind") in ("train", "adapt")
    if not known:
        raise UserError(
            f"{path}: holds a run.json that is none of a run; choose another folder (it will not be overwritten)",
            code=ErrorCode.NOT_A_RUN,
        )
