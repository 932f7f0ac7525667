"""What a report says, before it is text, Markdown or LaTeX: facts for the header, sheets of strings, remarks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from forensictransfer.evaluation.applicability import NotApplied
from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.tables.rows import rows, shots_only_rows, targets
from forensictransfer.results.cells import AS_STORED, Cell
from forensictransfer.results.numbers import BASELINE, BASELINE_MEANS, with_interval
from forensictransfer.results.numbers import MISSING as MISSING
from forensictransfer.results.numbers import UNDEFINED as UNDEFINED
from forensictransfer.results.shots_only import MEANS, NAME, NO_GAIN, NO_GAIN_MEANS

MAIN_METRICS = ("balanced_accuracy", "auc")
# how a metric is shown: title, factor, decimals
_SHOWN = {
    "balanced_accuracy": ("balanced accuracy, %", 100, 1),
    "accuracy_real": ("accuracy on reals, %", 100, 1),
    "accuracy_fake": ("accuracy on fakes, %", 100, 1),
    "auc": ("AUC", 1, 3),
    "average_precision": ("average precision", 1, 3),
    "equal_error_rate": ("equal error rate, %", 100, 1),
    "tpr_at_5_fpr": ("TPR at 5 % FPR, %", 100, 1),
    "ece": ("expected calibration error", 1, 3),
}
ALONE = BASELINE
INTERVALS = "95 % intervals: bootstrap over groups and draws"


@dataclass(frozen=True)
class Sheet:
    """A table of strings. align: "l" or "r" per column. labels: leading columns repeated when it is cut into blocks.
    blank_repeats: leading columns whose repeated values may be left blank. own: (row, column) of the source's tests.
    """

    title: str
    head: tuple[str, ...]
    align: str
    rows: tuple[tuple[str, ...], ...]
    labels: int
    blank_repeats: int = 0
    own: frozenset[tuple[int, int]] = frozenset()


def shown(measured: Estimate | None, metric: str, interval: bool = True) -> str:
    """Write a number as a table shows it, rounded here and nowhere before: `71.3 [66.0, 76.2]`."""
    _, factor, decimals = _SHOWN.get(metric, (metric, 1, 3))
    text = with_interval(measured, factor=factor, decimals=decimals)
    return text if interval else text.partition(" [")[0]


def facts(cells: Sequence[Cell]) -> list[tuple[str, str]]:
    """List the header: what every number of the report depends on, all values that occur."""
    adapted = [c for c in cells if c.adapted_to is not None]
    pairs: dict[tuple[str, str, str], Cell] = {}
    for cell in cells:
        key = (cell.source, cell.source_data, cell.on)
        if key not in pairs or cell.dropped > pairs[key].dropped:
            pairs[key] = cell
    by_group, by_pixels = (sum(getattr(c, f"dropped_{why}") for c in pairs.values()) for why in ("group", "pixels"))
    skipped = sum({c.on: c.skipped for c in sorted(cells, key=lambda c: c.skipped)}.values())
    found = [
        ("detector", _values(c.detector for c in cells)),
        ("seed", _values(sorted({c.seed for c in cells}))),
        ("shots per class", _values(sorted({c.shots for c in adapted})) if adapted else "0 (zero-shot alone)"),
        ("draws of shots", _values(sorted({c.draws for c in adapted})) if adapted else "none"),
        ("strategy", _values(c.strategy for c in cells)),
        ("threshold rule", _by_strategy(cells, lambda c: c.threshold_rule)),
        ("stop rule", _by_strategy(cells, lambda c: c.stop_rule)),
        ("split", _values(c.split for c in cells)),
        *_compressions(cells),
        *_backgrounds(adapted),
        (
            "dropped as shared",
            f"{by_group + by_pixels} test images ({by_group} by their group, {by_pixels} by their pixels)",
        ),
    ]
    return found + ([("skipped", f"{skipped} unreadable test images, listed in metrics.json")] if skipped else [])


def silences(cells: Sequence[Cell]) -> list[str]:
    """Say of each detector and test domain how many images the detector does not apply to; none where it always does.

    Of several runs with different images it is the one with most.
    """
    found: dict[tuple[str, str], NotApplied] = {}
    for cell in cells:
        lost, key = cell.not_applied, (cell.detector, cell.on)
        if lost is not None and (key not in found or lost.images > found[key].images):
            found[key] = lost
    return [f"{on}: {lost.line(detector)}." for (detector, on), lost in found.items()] + [
        f"Warning: {on}: {line}." for (detector, on), lost in found.items() if (line := lost.warning(detector))
    ]


def _backgrounds(adapted: Sequence[Cell]) -> list[tuple[str, str]]:
    """Say which folders took the place of the sources' background, where any did."""
    names = [cell.background or "source" for cell in adapted]
    return [] if set(names) <= {"source"} else [("background", _values(names))]


def _compressions(cells: Sequence[Cell]) -> list[tuple[str, str]]:
    """Say what images went through when they were read, where it was anything."""
    names = [cell.compression for cell in cells]
    return [] if set(names) <= {AS_STORED} else [("images", _values(names))]


def matrix(cells: Sequence[Cell], detector: str, metric: str) -> Sheet:
    """Build the matrix of one detector and metric: the zero-shot row, then a row per shots and strategy.

    Below stands what the shots alone reach on each target, and under the accuracies what a classifier gets that sees
    sizes, formats and metadata alone. A run that is not shown to beat its shots carries a mark.
    """
    cells = [cell for cell in cells if cell.detector == detector]
    columns, lines = targets(cells), rows(cells)
    apart = any(row.apart for row in lines) or any(row.apart for row in shots_only_rows(cells))
    head = ("source", "shots", "strategy", *(("apart by",) if apart else ()))
    own, body = set(), []
    for number, row in enumerate(lines):
        label = (row.source, str(row.shots), row.strategy, *((row.apart or MISSING,) if apart else ()))
        found = [row.cells.get(name) for name in columns]
        own |= {(number, len(head) + i) for i, cell in enumerate(found) if cell is not None and cell.own}
        body.append((*label, *(_marked(c, metric) for c in found)))
    for alone_row in shots_only_rows(cells):
        label = (NAME, str(alone_row.shots), MISSING, *((alone_row.apart or MISSING,) if apart else ()))
        body.append((*label, *(shown(alone_row.metrics.get(name, {}).get(metric), metric) for name in columns)))
    alone = {cell.on: cell.alone for cell in cells if cell.alone is not None}
    if metric == "balanced_accuracy" and alone:
        blank = ("",) * (len(head) - 1)
        body.append((ALONE, *blank, *(shown(alone.get(name), metric) for name in columns)))
    title = f"{detector}: {_SHOWN.get(metric, (metric,))[0]}"
    align = "lrl" + "l" * (len(head) - 3 + len(columns))
    return Sheet(title, (*head, *columns), align, tuple(body), len(head), blank_repeats=1, own=frozenset(own))


def _marked(cell: Cell | None, metric: str) -> str:
    """Write a number of a cell; balanced accuracy and AUC with a mark where the shots alone do as well."""
    text = shown(cell.metrics.get(metric) if cell else None, metric)
    alone = cell.shots_only if cell else None
    behind = alone is not None and alone.gain_in(metric) is not None and not alone.beaten_in(metric)
    return f"{text} {NO_GAIN}" if behind else text


def runs(cells: Sequence[Cell]) -> Sheet:
    """List the runs behind the numbers, numbered."""
    head = ("run", "detector", "source", "adapted to", "shots", "strategy", "draws", "seed", "folder")
    firsts = {cell.run: cell for cell in reversed(cells)}
    body = []
    for number, run in enumerate(_numbers(cells), start=1):
        c = firsts[run]
        draws = str(c.draws) if c.adapted_to else MISSING
        row = (c.detector, c.source, c.adapted_to or MISSING, str(c.shots), c.strategy, draws, str(c.seed), run)
        body.append((str(number), *row))
    return Sheet("Runs", head, "rlllrlrrl", tuple(body), 1)


def evaluations(cells: Sequence[Cell]) -> Sheet:
    """List per run and test domain how many images and groups there are.

    Also the accuracy of reals and of fakes apart.
    """
    skips, silent = any(cell.skipped for cell in cells), any(cell.not_applied for cell in cells)
    head = (
        *("run", "tested on", "reals", "fakes", "groups", "shared"),
        *(("skipped",) if skips else ()),
        *(("not applied",) if silent else ()),
    )
    numbers, own = _numbers(cells), set()
    body: list[tuple[str, ...]] = []
    for cell in sorted(cells, key=lambda c: numbers.index(c.run)):
        if cell.own:
            own.add((len(body), 1))
        counts = (
            *(cell.n_real, cell.n_fake, cell.n_groups, cell.dropped),
            *((cell.skipped,) if skips else ()),
            *((cell.not_applied.images if cell.not_applied else 0,) if silent else ()),
        )
        body.append(
            (
                str(numbers.index(cell.run) + 1),
                cell.on,
                *(str(count) for count in counts),
                shown(cell.metrics.get("balanced_accuracy"), "balanced_accuracy", interval=False),
                *(shown(cell.metrics.get(name), name) for name in ("accuracy_real", "accuracy_fake")),
            )
        )
    head += ("balanced", "accuracy on reals", "accuracy on fakes")
    align = "rl" + "r" * (len(head) - 4) + "ll"
    return Sheet(
        "Test images and accuracy by class, %", head, align, tuple(body), 2, blank_repeats=1, own=frozenset(own)
    )


def forgetting(cells: Sequence[Cell]) -> Sheet | None:
    """Compare accuracy on the source's own test before and after each adaptation; None if nothing was adapted."""
    numbers, body = _numbers(cells), []
    adapted = {cell.run: cell for cell in cells if cell.adapted_to is not None}
    several = any(len(cell.sources) > 1 for cell in adapted.values())
    for run, cell in adapted.items():
        labels = (str(numbers.index(run) + 1), cell.source, cell.adapted_to or MISSING, str(cell.shots), cell.strategy)
        found = []
        own = [c for c in cells if c.run == run and c.own]
        for after in own if len(cell.sources) > 1 and own else (own[0] if own else None,):
            name = after.on if after and len(cell.sources) > 1 else None
            pair = [c.metrics.get("balanced_accuracy") if c else None for c in (_before(cells, cell, name), after)]
            found.append(tuple(m.value if m else None for m in pair))
            texts = (*(shown(m, "balanced_accuracy") for m in pair), _change(found[-1:]))
            body.append((*labels, *((name or cell.source,) if several else ()), *texts))
        if len(found) > 1:
            means = (_mean(side) for side in zip(*found, strict=True))
            body.append((*labels, "mean over sources", *means, _change(found)))
    tested = ("tested on",) if several else ()
    head = ("run", "source", "adapted to", "shots", "strategy", *tested, "before", "after", "change")
    title = "Forgetting: balanced accuracy on the source's own test before and after adaptation, %"
    # Of several sources the rows of a run differ in what they were tested on alone.
    repeats = 5 if several else 0
    return Sheet(title, head, f"rllrl{'l' * several}llr", tuple(body), 1, blank_repeats=repeats) if body else None


def _mean(values: Sequence[float | None]) -> str:
    """Write the mean of accuracies, in percent, if all are known."""
    known = [value for value in values if value is not None]
    return f"{100 * sum(known) / len(known):.1f}" if len(known) == len(values) else MISSING


def _change(values: Sequence[tuple[float | None, ...]]) -> str:
    """Write the mean change from before to after, in points; `values` has (before, after) of each test."""
    known = [(before, after) for before, after in values if before is not None and after is not None]
    if len(known) < len(values):
        return MISSING
    return f"{100 * sum(after - before for before, after in known) / len(known):+.1f}"


def remarks(cells: Sequence[Cell]) -> list[str]:
    """Say what a reader has to know to read the numbers, no more than applies."""
    lines = [f"{INTERVALS}."]
    if any(cell.alone is not None for cell in cells):
        lines.append(f"{BASELINE_MEANS.capitalize()}.")
    beside = [cell.shots_only for cell in cells if cell.shots_only is not None]
    if beside:
        lines.append(f"{MEANS.capitalize()}.")
    if any(not one.beaten_in(metric) for one in beside for metric in MAIN_METRICS):
        lines.append(f"{NO_GAIN_MEANS}.")
    lines += silences(cells)
    lines += [f"Warning: {doubt}." for doubt in dict.fromkeys(cell.doubt for cell in cells) if doubt]
    used = [m for c in cells for name, m in c.metrics.items() if name in (*MAIN_METRICS, "accuracy_real")]
    if any(m.value is None or m.low is None for m in used):
        lines.append(f"{UNDEFINED}: a class is missing, or stands in fewer than two groups.")
    if any(m.low is not None and m.low == m.high for m in used):
        lines.append(
            "An interval of zero width means that no resample differed (no error seen, for instance), not certainty: "
            "with n groups an error rate of up to 3/n stays possible."
        )
    if any(c.on.endswith(f" ({c.on_data[:8] or '?'})") for c in cells):
        lines.append(
            "Test domains of one name are told apart by the start of their fingerprint: other images, splits or groups."
        )
    adapted = [c for c in cells if c.own and c.adapted_to is not None]
    pairs = [(_before(cells, c, c.on if len(c.sources) > 1 else None), c) for c in adapted]
    if any(b and (b.n_real, b.n_fake) != (c.n_real, c.n_fake) for b, c in pairs):
        lines.append(
            "Forgetting is not measured on quite the same images before and after: an adapted run drops from the "
            "source's test what it has seen of the target, too."
        )
    return lines


def sheets(cells: Sequence[Cell], metrics: Iterable[str] = MAIN_METRICS) -> list[Sheet]:
    """Build all sheets of a report, in reading order."""
    metrics = list(metrics)
    detectors = dict.fromkeys(cell.detector for cell in cells if cell.aimed)
    found = [matrix(cells, detector, metric) for detector in detectors for metric in metrics]
    last = forgetting(cells)
    return [*found, runs(cells), evaluations(cells), *([last] if last else [])]


def _before(cells: Sequence[Cell], adapted: Cell, source: str | None = None) -> Cell | None:
    """Find the own test of the run that was adapted: by its folder, else the only one of that source's data.

    source: of several the one whose test it is.
    """
    candidates = [c for c in cells if c.own and c.adapted_to is None and c.detector == adapted.detector]
    candidates = [c for c in candidates if source in (None, c.on)]
    same_folder = [c for c in candidates if c.model == adapted.model]
    same_data = [c for c in candidates if (c.source, c.source_data) == (adapted.source, adapted.source_data)]
    matches = same_folder or same_data
    return matches[0] if len(matches) == 1 else None


def _numbers(cells: Sequence[Cell]) -> list[str]:
    return list(dict.fromkeys(cell.run for cell in cells))


def _values(values: Iterable[object]) -> str:
    return ", ".join(dict.fromkeys(str(value) for value in values))


def _by_strategy(cells: Sequence[Cell], rule: Callable[[Cell], str]) -> str:
    """Write the one rule, or each rule with the strategies that it served."""
    served: dict[str, list[Cell]] = {}
    for cell in cells:
        served.setdefault(rule(cell), []).append(cell)
    if len(served) == 1:
        return next(iter(served))
    return "; ".join(f"{name} ({_values(c.strategy for c in of_rule)})" for name, of_rule in served.items())
