"""Open run folders for what is shown and tabled; whoever names a sweep instead is told which command reads that."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.results.runs import RunFolder

_log = logging.getLogger(__name__)


def open_run(run: str | Path) -> RunFolder:
    """Open a run, finished or not. Raises UserError: missing, no run, a sweep, of another format, or damaged."""
    _refuse_sweep(run)
    return RunFolder.open(run, finished=False)


def finished_runs(runs: Sequence[str | Path]) -> list[Path]:
    """Find the finished runs among some folders; the others are logged. Raises the first one's UserError if none is."""
    if not runs:
        raise UserError("table: expected at least one run folder", code=ErrorCode.COMMAND_LINE)
    found, errors = [], []
    for run in runs:
        try:
            _refuse_sweep(run)
            found.append(RunFolder.open(run).path)
        except UserError as error:
            if error.code not in (ErrorCode.NOT_A_RUN, ErrorCode.RUN_UNFINISHED) and not Path(run).is_file():
                raise
            errors.append(error)
    if not found:
        raise errors[0]
    for left_out in errors:
        _log.warning("left out: %s", left_out)
    return found


def _refuse_sweep(run: str | Path) -> None:
    """Raise UserError for the folder of a sweep in the place of a run."""
    if (Path(run).expanduser() / "sweep.json").is_file():
        raise UserError(
            f"{run}: is a sweep, not a run: `forensictransfer report {run}` writes its page and tables",
            code=ErrorCode.NOT_A_RUN,
        )
