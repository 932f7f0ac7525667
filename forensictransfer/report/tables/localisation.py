"""The table of what heat maps are worth against masks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from forensictransfer.evaluation.localisation import FALSE_ALARM_AREA
from forensictransfer.report.tables.sheets import Sheet
from forensictransfer.results.cells import Cell
from forensictransfer.results.numbers import with_interval

_COLUMNS = {
    "pixel_auc": ("AUC over pixels", 1, 3),
    "centre_auc": ("middle", 1, 3),
    "pixel_f1": ("F1 above 0.5", 1, 3),
    "pixel_f1_best": ("best F1", 1, 3),
    "centre_f1_best": ("middle", 1, 3),
    FALSE_ALARM_AREA: ("area of reals, %", 100, 1),
}


def localisation_cells(cells: Sequence[Cell]) -> list[Cell]:
    """Choose the cells whose heat maps were compared with masks, by target, detector, shots and strategy."""
    found = [cell for cell in cells if cell.localisation is not None and cell.aimed]
    return sorted(
        found, key=lambda cell: (cell.on, cell.detector, cell.shots, cell.strategy, not cell.own, cell.source)
    )


def localisation_sheet(cells: Sequence[Cell], name: Callable[[str], str]) -> Sheet:
    """List what heat maps are worth, a row for each of `localisation_cells`; name: shortens a domain's."""
    body, own = [], set()
    for number, cell in enumerate(cells):
        measured = cell.localisation
        if measured is None:
            raise ValueError("localisation_sheet: expected cells with a localisation")
        if cell.own:
            own.add((number, 4))
        values = (
            with_interval(measured.metrics.get(key), factor=factor, decimals=decimals)
            for key, (_, factor, decimals) in _COLUMNS.items()
        )
        about = (name(cell.on), cell.detector, str(cell.shots), cell.strategy, name(cell.source))
        body.append((*about, str(measured.n.fake), str(measured.n.real), *values))
    head = (
        "target",
        "detector",
        "shots",
        "strategy",
        "source",
        "masks",
        "reals",
        *(one[0] for one in _COLUMNS.values()),
    )
    align = "llrllrr" + "l" * len(_COLUMNS)
    title = "Heat maps against masks"
    return Sheet(title, head, align, tuple(body), 5, blank_repeats=2, own=frozenset(own))
