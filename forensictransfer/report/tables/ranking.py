"""Tables of the ranking of detectors and strategies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forensictransfer.report.analysis.ranking import Overall, ranked
from forensictransfer.report.analysis.view import METRIC, View
from forensictransfer.report.tables.sheets import MISSING, Sheet, shown
from forensictransfer.results.cells import Cell

_SHOWN = 3  # places that are named for each pair


@dataclass(frozen=True)
class BestSheet:
    """The best of each pair, and the tests behind its cells (row, column)."""

    sheet: Sheet
    behind: Mapping[tuple[int, int], Sequence[Cell]]


def overall_sheet(rows: Sequence[Overall]) -> Sheet:
    """List means and mean ranks over pairs, the best of each number of shots first."""
    body = tuple(
        (
            str(row.shots),
            row.detector,
            row.strategy,
            f"{100 * row.value:.1f}",
            f"{row.rank:.2f}",
            f"{row.first} of {row.pairs}",
        )
        for row in rows
    )
    head = ("shots", "detector", "strategy", "mean over pairs, %", "mean rank", "best on")
    return Sheet("Ranks over all pairs (oracle: by the test itself)", head, "rllrrr", body, 3, blank_repeats=1)


def best_sheet(view: View) -> BestSheet:
    """List the best of each pair at each number of shots, then the next two with their accuracies."""
    shots = view.results.shots
    body: list[tuple[str, ...]] = []
    behind: dict[tuple[int, int], Sequence[Cell]] = {}
    for source, target in view.pairs:
        row = [view.name(source), view.name(target)]
        for k in shots:
            places = ranked(view, (source, target), k)
            several = len({place.detector for place in places}) > 1
            texts = []
            for number, place in enumerate(places[:_SHOWN]):
                names = [place.detector] if several else []
                names += [place.strategy] if k else []
                who = " ".join(names) or place.detector
                texts.append(f"{who} {shown(place.measured, METRIC, interval=not number)}")
            if places:
                best = places[0]
                behind[len(body), len(row)] = view.cells(best.detector, best.strategy, source, target, k)
            row.append("\n".join(texts) or MISSING)
        body.append(tuple(row))
    head = ("source", "target", *(f"k = {k}" for k in shots))
    title = "The best three of each pair, % (oracle: by the test itself)"
    return BestSheet(Sheet(title, head, "l" * len(head), tuple(body), 2, blank_repeats=1), behind)
