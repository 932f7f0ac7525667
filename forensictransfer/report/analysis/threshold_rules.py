"""Threshold rules compared on what a sweep has measured: the same scores, another threshold, no network needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forensictransfer.data.balance import balanced_weights
from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.evaluation.thresholds import THRESHOLD_RULES
from forensictransfer.report.analysis.series import Pair, bootstrap_mean
from forensictransfer.results.cells import ZERO_SHOT, Cell
from forensictransfer.results.predictions import ScoreFiles
from forensictransfer.results.scores import Scored
from forensictransfer.results.sweep import SweepResults

ORACLE = "oracle"
RULES = (*THRESHOLD_RULES, ORACLE)
ORACLE_NOTE = (
    "oracle: the threshold that is best on the test images themselves; no user can have it, it is here for comparison "
    "only."
)


@dataclass(frozen=True)
class RuleResult:
    """Balanced accuracy under one threshold rule: mean over pairs of the mean over draws and seeds.

    strategy is "zero-shot" and shots 0 for networks that were not adapted. cells: tests behind the number (one for each
    pair and seed). used: the sweep's own numbers were made with this rule.
    """

    detector: str
    strategy: str
    shots: int
    rule: str
    measured: Estimate
    pairs: tuple[Pair, ...]
    per_pair: tuple[float, ...]
    cells: int
    used: bool


def compare_rules(results: SweepResults, files: ScoreFiles | None = None) -> tuple[RuleResult, ...]:
    """Compare every threshold rule, and the oracle, for each detector, strategy and number of shots.

    An adapted detector's rules see the scores of the draw's own shots, after adaptation to them. For fine-tuned
    networks these are in-sample: scores of images that were trained on, farther apart than those of new images. A
    network that was not adapted has the source's validation split, which also stopped its training. The oracle alone
    looks at test images. Intervals: bootstrap over pairs (see `series`). Cells whose scores for the rules were not
    recorded are left out. Raises UserError for a file of scores that is missing or damaged.
    """
    files = files or ScoreFiles(results)
    grouped: dict[tuple[str, str, int], list[Cell]] = {}
    for cell in results.cells:
        if cell.aimed and not cell.own:
            grouped.setdefault((cell.detector, cell.strategy, cell.shots), []).append(cell)
    strategies = (ZERO_SHOT, *results.strategies)
    order = sorted(grouped, key=lambda k: (results.detectors.index(k[0]), k[2], strategies.index(k[1])))
    return tuple(row for key in order for row in _compared(key, grouped[key], files))


def rule_accuracies(cell: Cell, files: ScoreFiles) -> dict[str, float] | None:
    """Compute the balanced accuracy of a cell under each rule of RULES, mean over draws.

    None if no scores for rules are there.
    """
    tests = files.test(cell)
    validation = files.validation(cell) if cell.adapted_to is None else None
    labelled: Mapping[int, Scored] = files.shots(cell)
    if validation is not None:
        labelled = dict.fromkeys(tests, validation)
    if not labelled:
        return None
    found: dict[str, list[float]] = {rule: [] for rule in RULES}
    for draw, test in tests.items():
        seen = labelled[draw]
        for name, rule in THRESHOLD_RULES.items():
            threshold = rule(seen.scores, seen.labels, None, _weights(cell, seen) if seen is validation else None)
            found[name].append(balanced_accuracy(test, threshold))
        found[ORACLE].append(oracle_accuracy(test))
    return {rule: float(np.mean(values)) for rule, values in found.items()}


def _weights(cell: Cell, validation: Scored) -> np.ndarray:
    """Weigh validation images so that each source counts alike: of several, names begin with their source's."""
    longest = sorted(range(len(cell.sources)), key=lambda number: -len(cell.sources[number]))
    numbers = [
        next((number for number in longest if name.startswith(f"{cell.sources[number]}/")), -1)
        for name in (validation.names if len(longest) > 1 else ())
    ]
    return balanced_weights(validation.labels, np.array(numbers or np.zeros(len(validation.labels))))


def balanced_accuracy(test: Scored, threshold: float) -> float:
    """Compute (share of reals with score <= threshold + share of fakes with score > threshold) / 2."""
    fake = test.labels == 1
    return float((np.mean(test.scores[~fake] <= threshold) + np.mean(test.scores[fake] > threshold)) / 2)


def oracle_accuracy(test: Scored) -> float:
    """Find the largest balanced accuracy of any threshold, chosen on these very images."""
    reals, fakes = (np.sort(test.scores[test.labels == label]) for label in (0, 1))
    thresholds = np.unique(test.scores)
    right_reals = np.searchsorted(reals, thresholds, side="right") / reals.size
    right_fakes = 1 - np.searchsorted(fakes, thresholds, side="right") / fakes.size
    # Below all scores everything is called fake: 1/2. Above all of them, real: among the thresholds.
    return float(max(0.5, ((right_reals + right_fakes) / 2).max()))


def _compared(key: tuple[str, str, int], cells: list[Cell], files: ScoreFiles) -> list[RuleResult]:
    by_pair: dict[Pair, list[dict[str, float]]] = {}
    used = set()
    for cell in cells:
        found = rule_accuracies(cell, files)
        if found is not None:
            by_pair.setdefault((cell.source, cell.on), []).append(found)
            # What was picked on shots held out is none of these, which see all shots by the fit to them.
            used.add("" if "held out" in cell.threshold_rule else cell.threshold_rule.partition(" ")[0])
    if not by_pair:
        return []
    n = sum(map(len, by_pair.values()))
    rows = []
    for rule in RULES:
        per_pair = tuple(float(np.mean([values[rule] for values in found])) for found in by_pair.values())
        rows.append(RuleResult(*key, rule, bootstrap_mean(per_pair), tuple(by_pair), per_pair, n, used == {rule}))
    return rows
