"""What a sweep says, in sentences made from its numbers: nothing that the tables do not show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.analysis.series import Pair, Point, average, forgetting
from forensictransfer.report.analysis.significance import Comparison
from forensictransfer.report.analysis.transfer import BEHIND, CHANCE, TRANSFERS, WEAK, WORSE, gains, standing
from forensictransfer.report.analysis.view import METRIC, View, brief, told
from forensictransfer.report.names import arrow, counted, listed, p_value, percent, points, span
from forensictransfer.results.cells import Cell
from forensictransfer.results.shots_only import NAME

_MOST = 4  # pairs that are named in a sentence


def verdict(view: View, detector: str) -> list[str]:
    """Describe a detector in sentences.

    Own tests, zero-shot, what transfers from how many shots on, and what never does.
    """
    return [
        _scope(view, detector),
        *_own(view, detector),
        *_zero_shot(view, detector),
        *_by_shots(view, detector),
        *_never(view, detector),
        *_means(view, detector),
        *_alone(view, detector),
        *_strategies([c for c in view.over_pairs if c.detector == detector]),
        *_forgotten(view, detector),
    ]


def _scope(view: View, detector: str) -> str:
    measured = sum(bool(view.series(detector, view.main or "", *pair)) for pair in view.pairs)
    sources = view.results.sources
    on = f"each of {len(sources)} domains" if len(sources) > 1 else view.name(sources[0])
    if view.results.part == "combined":
        on = f"all but one of {len(view.results.info.sources)} domains together"
    seeds = f", {counted(len(view.results.seeds), 'seed')}" if len(view.results.seeds) > 1 else ""
    return (
        f"{detector} was trained on {on} and tested on {counted(measured, 'pair')} of a source and another domain"
        f"{seeds}; numbers are balanced accuracies with 95 % intervals, n counts test images."
    )


def _own(view: View, detector: str) -> Iterator[str]:
    found = [
        (source, m) for source in view.results.sources if (m := view.own(detector, source)) and m.value is not None
    ]
    if not found:
        return
    found.sort(key=lambda item: item[1].value or 0)
    texts = {s: f"{told(m, view.own_cells(detector, s))} on {view.name(s)}" for s, m in found}
    ends = dict.fromkeys([found[0][0], found[-1][0]])
    start = "from " if len(ends) > 1 else ""
    yield f"On the domain that it was trained on, it reaches {start}{' to '.join(texts[source] for source in ends)}."
    lost = [source for source, m in found if standing(m) == CHANCE]
    if lost:
        names = listed([view.name(source) for source in lost], _MOST)
        yield f"On {names} it is not told from chance even there."
    reversed_on = [view.name(source) for source, m in found if standing(m) == WORSE]
    if reversed_on:
        yield f"On {listed(reversed_on, _MOST)} it is worse than chance even there."


def _zero_shot(view: View, detector: str) -> Iterator[str]:
    found = _at(view, detector, "", 0)
    if not found:
        return
    good, weak, rest, worse = (
        [pair for pair, m in found.items() if standing(m) == kind] for kind in (TRANSFERS, WEAK, CHANCE, WORSE)
    )
    start = f"Without shots (k = 0) {_transfer(len(good), len(found))}"
    named = f": {_named(view, good, found, detector, '', 0)}" if good else ""
    others = [f"{len(weak)} {_are(len(weak))} better than chance but below 75 %"] if weak else []
    others += [f"{len(rest)} {_are(len(rest))} not told from chance"] if rest else []
    others += [f"{len(worse)} {_are(len(worse))} worse than chance"] if worse else []
    yield "; ".join([start + named, *([listed(others, 3)] if others else [])]) + "."


def _by_shots(view: View, detector: str) -> Iterator[str]:
    """Say at each number of shots how many pairs transfer, then which, from the smallest number of shots on."""
    main = view.main
    shots = view.measured_shots(detector, main) if main else ()
    if main is None or not shots:
        return
    parts: list[str] = []
    for k in shots:
        found = _at(view, detector, main, k)
        pairs = "" if parts else " pairs transfer"
        reached = sum(view.standing(detector, main, *pair, k, m) == TRANSFERS for pair, m in found.items())
        parts.append(f"{reached} of {len(found)}{pairs} at k = {k}")
    yield f"Adapted by {main} with k shots per class, {listed(parts, 12)}."
    start: dict[int, dict[Pair, Estimate]] = {}
    for pair in view.pairs:
        point = view.transfers_from(detector, main, *pair)
        if point is not None and point.shots:
            start.setdefault(point.shots, {})[pair] = point.measured
    for k in sorted(start):
        yield f"From k = {k} on: {_named(view, list(start[k]), start[k], detector, main, k)}."


def _never(view: View, detector: str) -> Iterator[str]:
    main = view.main
    shots = view.measured_shots(detector, main) if main else ()
    if main is None or not shots:
        return
    last = _at(view, detector, main, shots[-1])
    standings = {pair: view.standing(detector, main, *pair, shots[-1], m) for pair, m in last.items()}
    for kind, words in (
        (BEHIND, f"at 75 % or more, but not shown to beat {NAME}"),
        (WEAK, "better than chance but below 75 %"),
        (CHANCE, "not told from chance"),
        (WORSE, "worse than chance"),
    ):
        pairs = [pair for pair in last if standings[pair] == kind]
        if pairs:
            named = _named(view, pairs, last, detector, main, shots[-1], most=2)
            yield f"At k = {shots[-1]}, {counted(len(pairs), 'pair')} {_are(len(pairs))} {words}: {named}."
    targets = {target: [standings[pair] for pair in last if pair[1] == target] for target in view.results.targets}
    closed = [view.name(t) for t, found in targets.items() if found and TRANSFERS not in found]
    if closed and len(closed) < len([t for t in targets if targets[t]]):
        names = listed(closed, 8, "more domains")
        yield f"By {main} no source transfers to {names} with up to {counted(shots[-1], 'shot')}."


def _means(view: View, detector: str) -> Iterator[str]:
    main = view.main
    if main is None:
        return
    rows = average(view.results, detector, main, METRIC)
    if len(rows) < 2 or rows[0].pairs != rows[-1].pairs:
        return
    ends = [rows[0], rows[-1]]
    cells = [c for pair in rows[-1].pairs for c in view.cells(detector, main, *pair, rows[-1].shots)]
    values = " and ".join(f"{percent(row.measured)} at k = {row.shots}" for row in ends)
    images, draws = span(c.n_real + c.n_fake for c in cells), counted(view.results.info.draws, "draw")
    yield (
        f"The mean over {counted(len(rows[-1].pairs), 'pair')} is {values} "
        f"({images} test images a pair, {draws} of shots; interval over pairs)."
    )


def _alone(view: View, detector: str) -> Iterator[str]:
    """Say what the shots alone reach, and at how many pairs adaptation beats them, by shots."""
    main = view.main
    if main is None:
        return
    gained: list[str] = []
    for k in view.measured_shots(detector, main):
        known = [gain for pair in view.pairs if (gain := view.gains(detector, main, *pair).get(k)) is not None]
        if known:
            pairs = "" if gained else " pairs"
            gained.append(f"{sum(map(gains, known))} of {len(known)}{pairs} at k = {k}")
    if not gained:
        return
    rows = view.mean_alone(detector)[1]
    means = [f"{100 * (row.measured.value or 0):.1f} % at k = {row.shots}" for row in rows]
    if means:
        yield f"The shots alone, without a source, reach a mean of {listed(means, 12)} on the same tests."
    yield f"Adapted by {main}, {detector} is shown to beat its shots alone on {listed(gained, 12)}."


def _strategies(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Say which strategy beats which, over pairs of domains, at the largest number of shots."""
    if not comparisons:
        return
    last = max(c.shots for c in comparisons)
    found = [c for c in comparisons if c.shots == last]
    clear = [c for c in found if c.significant]
    if not clear:
        n = span(c.n for c in found)
        if not any(c.tellable for c in found):
            yield f"At k = {last} {n} pairs are too few to tell strategies apart, whatever their differences."
            return
        yield f"At k = {last} no two strategies differ by more than chance over {n} pairs (p ≥ 0.05 after Holm)."
        return
    told_of = []
    for c in clear:
        ahead, behind = (c.first, c.second) if (c.difference.value or 0) > 0 else (c.second, c.first)
        low, high = c.difference.low or 0, c.difference.high or 0
        gain = c.difference if ahead == c.first else Estimate(-(c.difference.value or 0), -high, -low)
        told_of.append(f"{ahead} before {behind} by {points(gain)} points ({c.n} pairs, p {_equals(c.corrected)})")
    yield f"At k = {last} strategies differ: {listed(told_of, 4)}, p after Holm."


def _forgotten(view: View, detector: str) -> Iterator[str]:
    main = view.main
    rows = forgetting(view.results, detector, main) if main else ()
    if rows:
        row = rows[-1]
        yield (
            f"What adaptation takes: by {main} at k = {row.shots} the accuracy on the source's own test changes by "
            f"{points(row.change)} points (mean over {counted(len(row.pairs), 'pair')})."
        )


def _at(view: View, detector: str, strategy: str, shots: int) -> dict[Pair, Estimate]:
    """Find the accuracies of all pairs at one number of shots; those without a value are left out."""
    main = strategy or view.main or ""
    found: dict[Pair, Estimate] = {}
    for pair in view.pairs:
        point: Point | None = next((p for p in view.series(detector, main, *pair) if p.shots == shots), None)
        if point is not None:
            found[pair] = point.measured
    return found


def _named(
    view: View,
    pairs: Sequence[Pair],
    values: dict[Pair, Estimate],
    detector: str,
    strategy: str,
    shots: int,
    most: int = _MOST,
) -> str:
    """List pairs with their numbers, the best first; what they rest on stands once if it is the same for all."""
    best = sorted(pairs, key=lambda pair: -(values[pair].value or 0))
    # Rather one name more than “and 1 more”.
    shown = best[: most + 1] if len(best) == most + 1 else best[:most]
    bases = {pair: brief(_cells(view, detector, strategy, pair, shots)) for pair in shown}
    common = len(set(bases.values())) == 1 and len(shown) > 1
    texts = [
        f"{arrow(*map(view.name, pair))} {percent(values[pair])}" + ("" if common else f" ({bases[pair]})")
        for pair in shown
    ]
    more = [f"{len(best) - len(shown)} more"] if len(best) > len(shown) else []
    return listed([*texts, *more], len(texts) + 1) + (f" (each {bases[shown[0]]})" if common else "")


def _cells(view: View, detector: str, strategy: str, pair: Pair, shots: int) -> Sequence[Cell]:
    return view.cells(detector, strategy or view.main or "", *pair, shots)


def _transfer(number: int, total: int) -> str:
    if not number:
        return "no pair transfers"
    return f"{number} of {counted(total, 'pair')} {'transfer' if number > 1 else 'transfers'}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _equals(p: float | None) -> str:
    return p_value(p) if p is not None and p < 0.001 else f"= {p_value(p)}"
