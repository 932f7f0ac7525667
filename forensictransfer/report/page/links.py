"""Where the numbers of the page lead: to the row of their run, and from there to its files beside the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from forensictransfer.report.analysis.view import View
from forensictransfer.results.cells import Cell

RUN_COLUMN = 0


class Links:
    """Anchors of the page and, where it lies within the sweep's folder, files of the runs.

    A page somewhere else links to no run: it would have to name places of this machine.
    """

    def __init__(self, view: View, out: Path) -> None:
        self._results = view.results
        self._numbers = {run: n for n, run in enumerate(dict.fromkeys(c.run for c in view.whole.cells), start=1)}
        self._up = _way_up(out, view.results.path)

    def run(self, cells: Sequence[Cell]) -> str:
        """Return the link to the row of the run behind a number, the first where there are several.

        "" where nothing was measured.
        """
        return f"#run-{self._numbers[cells[0].run]}" if cells else ""

    def anchor(self, run: str) -> str:
        """Return the anchor that `run` points to."""
        return f"run-{self._numbers[run]}"

    def folder(self, run: str) -> str:
        """Return the folder of a run, "" where the page cannot link to it."""
        return f"{self._up}{quote(run)}/" if self._up is not None else ""

    def predictions(self, cell: Cell) -> str:
        """Return the link to the scores of every test image behind a number, "" where the page cannot link to them."""
        if self._up is None:
            return ""
        path = (self._results.folder(cell) / "predictions.csv").relative_to(self._results.path)
        return self._up + quote(path.as_posix())


def _way_up(out: Path, sweep: Path) -> str | None:
    """Write the way from a folder within the sweep's up to the sweep's; None for a folder elsewhere."""
    try:
        inside = out.resolve().relative_to(sweep.resolve())
    except ValueError:
        return None
    return "../" * len(inside.parts)
