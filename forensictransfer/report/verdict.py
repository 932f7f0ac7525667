"""What a sweep says, in sentences made from its numbers: nothing is said that the tables do not show."""

from __future__ import annotations

from collections.abc import Iterator

from forensictransfer.report.cells import Cell, Measured
from forensictransfer.report.names import arrow, short_names
from forensictransfer.report.series import average
from forensictransfer.report.sweep import SweepResults

METRIC = "balanced_accuracy"


def verdict(results: SweepResults, detector: str) -> list[str]:
    """Sentences on one detector: its own tests, zero-shot, the best strategy, what was found and what never was."""
    return list(_sentences(results, detector))


def _sentences(results: SweepResults, detector: str) -> Iterator[str]:
    cells = [cell for cell in results.cells if cell.detector == detector]
    names = short_names([*results.sources, *results.targets])
    own = [cell for cell in cells if cell.own and cell.adapted_to is None]
    if own:
        listed = ", ".join(f"{names[c.source]} {_text(c.metrics.get(METRIC))} (n = {c.n_real + c.n_fake})" for c in own)
        yield f"On its own source's test {detector} reaches: {listed}."
    zero = [cell for cell in cells if cell.adapted_to is None and not cell.own]
    if zero:
        above = [cell for cell in zero if _above_chance(cell)]
        told = f": {_pairs(above, names)}" if above else ""
        yield f"Zero-shot, {len(above)} of {len(zero)} pairs lie above chance (95 % interval above 50 %){told}."
    largest = max((cell.shots for cell in cells), default=0)
    if not largest:
        return
    means = {
        strategy: row
        for strategy in results.strategies
        for row in average(results, detector, strategy, METRIC)
        if row.shots == largest
    }
    if means:
        listed = ", ".join(f"{name} {_text(row.measured)} (n = {len(row.pairs)})" for name, row in means.items())
        yield f"With {largest} shots per class, mean over pairs: {listed}."
    adapted = [cell for cell in cells if cell.aimed and cell.adapted_to is not None]
    best = sorted(
        (cell for cell in adapted if cell.shots == largest and _value(cell) is not None),
        key=lambda cell: -(_value(cell) or 0),
    )
    if best:
        top = best[0]
        yield (
            f"The best of them: {arrow(names[top.source], names[top.on])} by {top.strategy}, "
            f"{_text(top.metrics.get(METRIC))}, AUC {_plain(top.metrics.get('auc'))}, "
            f"{top.n_real + top.n_fake} test images, {top.draws} draws."
        )
    found = {cell.on for cell in [*adapted, *zero] if _above_chance(cell)}
    never = [names[name] for name in results.targets if name not in found and any(cell.on == name for cell in adapted)]
    if never:
        yield (
            f"Never told from chance, whatever the source, the strategy and the number of shots: {', '.join(never)}."
        )


def _value(cell: Cell) -> float | None:
    found = cell.metrics.get(METRIC)
    return found.value if found else None


def _above_chance(cell: Cell) -> bool:
    found = cell.metrics.get(METRIC)
    return found is not None and found.low is not None and found.low > 0.5


def _pairs(cells: list[Cell], names: dict[str, str]) -> str:
    told = [f"{arrow(names[c.source], names[c.on])} {_text(c.metrics.get(METRIC))}" for c in cells[:4]]
    return ", ".join(told) + (f" and {len(cells) - 4} more" if len(cells) > 4 else "")


def _text(measured: Measured | None) -> str:
    if measured is None or measured.value is None:
        return "not measured"
    if measured.low is None or measured.high is None:
        return f"{100 * measured.value:.1f} %"
    return f"{100 * measured.value:.1f} % [{100 * measured.low:.1f}, {100 * measured.high:.1f}]"


def _plain(measured: Measured | None) -> str:
    return "n/a" if measured is None or measured.value is None else f"{measured.value:.3f}"
