"""The rows of a source x target matrix: which cells stand side by side, and what sets two alike rows apart."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.results.cells import AS_STORED, Cell

# what must agree within a row, and how a row says so when its like differs there
_VARIANTS: tuple[tuple[str, Callable[[Cell], str]], ...] = (
    ("seed", lambda c: f"seed {c.seed}"),
    ("draws", lambda c: f"{c.draws} draw" + "s" * (c.draws != 1)),
    ("threshold_rule", lambda c: f"threshold {c.threshold_rule}"),
    ("stop_rule", lambda c: f"stop {c.stop_rule}"),
    ("compression", lambda c: f"images {c.compression}" if c.compression == AS_STORED else f"after {c.compression}"),
    ("background", lambda c: f"background {c.background or 'source'}"),
    ("protocol", lambda c: f"{c.protocol} shots"),
    ("split", lambda c: f"split {c.split}"),
    ("source_data", lambda c: f"source data {c.source_data[:8] or 'unknown'}"),
    ("model", lambda c: f"model {os.path.relpath(c.model)}"),
)

_SHOTS_DEPEND_ON = ("seed", "draws", "threshold_rule", "compression", "protocol")


@dataclass(frozen=True)
class Row:
    """Cells of one source and one way of adapting, by the domain they were tested on; nothing in it is averaged.

    apart: in which way it differs from other rows of the same source, shots and strategy ("" if there are none).
    """

    source: str
    shots: int
    strategy: str
    apart: str
    cells: Mapping[str, Cell]


def targets(cells: Sequence[Cell]) -> list[str]:
    """List the columns: the sources' own tests first, in the order of the rows, so that they form a diagonal."""
    aimed = [c for c in cells if c.aimed]
    sources = list(dict.fromkeys(c.source for c in cells))
    own = sorted((c for c in aimed if c.own), key=lambda c: sources.index(c.source))
    return list(dict.fromkeys([*(c.on for c in own), *(c.on for c in aimed)]))


def rows(cells: Sequence[Cell]) -> list[Row]:
    """Build the rows of one detector: per source the zero-shot row, then by shots and strategy.

    An adapted run stands in the column of the domain it was adapted to. Runs that differ in seed, draws, rules, split
    or source model get rows of their own, and so does a second measurement of one cell.
    """
    alike: dict[tuple[str, int, str], list[Cell]] = {}
    for cell in cells:
        if cell.aimed:
            alike.setdefault((cell.source, cell.shots, cell.strategy), []).append(cell)
    sources = list(dict.fromkeys(cell.source for cell in cells))
    strategies = list(dict.fromkeys(cell.strategy for cell in cells))
    order = sorted(alike, key=lambda key: (sources.index(key[0]), key[1], strategies.index(key[2])))
    return [row for key in order for row in _apart(alike[key])]


@dataclass(frozen=True)
class ShotsOnlyRow:
    """What the shots alone reach at one number of shots: metrics by the domain of shots and test.

    apart: in which way the row differs from others of as many shots ("" if there are none).
    """

    shots: int
    apart: str
    metrics: Mapping[str, Mapping[str, Estimate]]


def shots_only_rows(cells: Sequence[Cell]) -> list[ShotsOnlyRow]:
    """Build the rows of `shots only`, by shots: the same numbers beside all sources and strategies stand there once.

    Rows are set apart by what the shots and their threshold depend on, and by the images that were tested.
    """
    found: dict[int, dict[tuple[str, ...], dict[str, list[Mapping[str, Estimate]]]]] = {}
    for cell in cells:
        if cell.shots_only is not None:
            key = tuple(say(cell) for name, say in _VARIANTS if name in _SHOTS_DEPEND_ON)
            variant = found.setdefault(cell.shots, {}).setdefault(key, {})
            measured = variant.setdefault(cell.on, [])
            if cell.shots_only.metrics not in measured:
                measured.append(cell.shots_only.metrics)
    result = []
    for shots in sorted(found):
        differing = [len(set(words)) > 1 for words in zip(*found[shots], strict=True)]
        for words, by_target in found[shots].items():
            notes = [word for word, differs in zip(words, differing, strict=True) if differs]
            for turn in range(max(len(same) for same in by_target.values())):
                more = ["other test images"] if turn else []
                row = {on: same[turn] for on, same in by_target.items() if len(same) > turn}
                result.append(ShotsOnlyRow(shots, ", ".join([*notes, *more]), row))
    return result


def _apart(cells: Sequence[Cell]) -> list[Row]:
    """Build the rows for cells of one source, shots and strategy: as few as possible without mixing or hiding any."""
    differing = [(name, say) for name, say in _VARIANTS if len({getattr(c, name) for c in cells}) > 1]
    variants: dict[tuple[str, ...], list[Cell]] = {}
    for cell in cells:
        variants.setdefault(tuple(str(getattr(cell, name)) for name, _ in differing), []).append(cell)
    result = []
    for members in variants.values():
        by_target: dict[str, list[Cell]] = {}
        for cell in members:
            by_target.setdefault(cell.on, []).append(cell)
        for turn in range(max(len(same) for same in by_target.values())):
            row = {on: same[turn] for on, same in by_target.items() if len(same) > turn}
            repeated = dict.fromkeys(c.run for on, c in row.items() if len(by_target[on]) > 1)
            notes = [say(members[0]) for _, say in differing] + [f"run {run}" for run in repeated]
            first = members[0]
            result.append(Row(first.source, first.shots, first.strategy, ", ".join(notes), row))
    return result
