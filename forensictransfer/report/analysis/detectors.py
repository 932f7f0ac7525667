"""Do the detectors of a sweep differ? Each against the sweep's first, on the same test images and the same shots.

At each number of shots a detector goes by the first strategy, in the order of the sweep, that can adapt it. For every
pair of source and target, and every image and draw that both detectors were tested on, the difference of right and
wrong verdicts gives the difference of balanced accuracies; its mean over pairs and seeds is what is reported.

What is independent and what is not: within each target whole groups of its test images are resampled, and the draws of
its shots, both alike for all sources and both detectors, since they have them in common. So interval and p value speak
of other test images and other shots of these targets, for these very trained networks. They say nothing of another
training, which another seed would show, nor of domains that were not measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.analysis.series import Pair
from forensictransfer.report.analysis.significance import LEVEL, holm
from forensictransfer.results.cells import Cell
from forensictransfer.results.predictions import ScoreFiles
from forensictransfer.results.scores import Floats
from forensictransfer.results.sweep import SweepResults

RESAMPLES = 10_000
_Verdicts = Mapping[tuple[int, str], tuple[int, str, bool]]  # (draw, image) -> label, group, whether it is right


@dataclass(frozen=True)
class DetectorDifference:
    """A detector minus the sweep's first in balanced accuracy at one number of shots, as fractions.

    strategy, reference_strategy: what either was adapted by. value, reference_value: the means that are compared, over
    `pairs` and what both were tested on there. difference: with its 95 % interval. p: two-sided, corrected: p after
    Holm over all comparisons of the sweep with the same detector.
    """

    detector: str
    reference: str
    strategy: str
    reference_strategy: str
    shots: int
    value: float
    reference_value: float
    difference: Estimate
    p: float
    corrected: float | None
    pairs: tuple[Pair, ...]

    @property
    def significant(self) -> bool:
        """Whether the corrected p value is below 0.05."""
        return self.corrected is not None and self.corrected < LEVEL


def detector_differences(results: SweepResults, files: ScoreFiles) -> tuple[DetectorDifference, ...]:
    """Compare every detector against the first, by number of shots; empty for a sweep of one detector."""
    reference, *others = results.detectors
    found = []
    for shots in results.shots:
        base = _chief(results, reference, shots)
        for detector in others:
            one = _difference(results, files, _chief(results, detector, shots), base, shots)
            if one is not None:
                found.append(one)
    corrected = holm([one.p for one in found])
    return tuple(replace(one, corrected=p) for one, p in zip(found, corrected, strict=True))


def _chief(results: SweepResults, detector: str, shots: int) -> list[Cell]:
    """Choose a detector's cells at so many shots by the first strategy that has any."""
    cells = [c for c in results.cells if c.aimed and not c.own and (c.detector, c.shots) == (detector, shots)]
    names = results.strategies if shots else tuple({c.strategy for c in cells})
    chosen = next((name for name in names if any(c.strategy == name for c in cells)), None)
    return [c for c in cells if c.strategy == chosen]


def _difference(
    results: SweepResults, files: ScoreFiles, cells: Sequence[Cell], base: Sequence[Cell], shots: int
) -> DetectorDifference | None:
    by_key = {(c.source, c.on, c.seed): c for c in base}
    both = [(c, by_key[c.source, c.on, c.seed]) for c in cells if (c.source, c.on, c.seed) in by_key]
    if not both:
        return None
    by_target: dict[str, list[tuple[_Verdicts, _Verdicts]]] = {}
    for mine, other in both:
        by_target.setdefault(mine.on, []).append((_verdicts(results, files, mine), _verdicts(results, files, other)))
    rng = np.random.default_rng(0)
    values: list[tuple[float, float]] = []
    resampled: list[Floats] = []
    for pairs in by_target.values():
        measured = _resampled(pairs, rng)
        values += measured[0]
        resampled += measured[1]
    value, reference_value = (float(np.mean(column)) for column in zip(*values, strict=True))
    drawn = np.mean(resampled, axis=0)
    drawn = drawn[np.isfinite(drawn)]  # a resample of few groups may lack a class
    low, high = np.percentile(drawn, (2.5, 97.5))
    return DetectorDifference(
        detector=cells[0].detector,
        reference=base[0].detector,
        strategy=cells[0].strategy,
        reference_strategy=base[0].strategy,
        shots=shots,
        value=value,
        reference_value=reference_value,
        difference=Estimate(value - reference_value, float(low), float(high)),
        p=two_sided(drawn),
        corrected=None,
        pairs=tuple(dict.fromkeys((mine.source, mine.on) for mine, _ in both)),
    )


def two_sided(drawn: Floats) -> float:
    """Compute twice the share of resampled differences at or beyond 0 on the rarer side.

    It is (count + 1) / (n + 1), at most 1.
    """
    beyond = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    return min(1.0, 2 * (beyond + 1) / (len(drawn) + 1))


def _verdicts(results: SweepResults, files: ScoreFiles, cell: Cell) -> _Verdicts:
    thresholds = {draw.draw: draw.threshold for draw in results.draws[cell.run, cell.on]}
    found: dict[tuple[int, str], tuple[int, str, bool]] = {}
    for draw, scored in files.test(cell).items():
        right = (scored.scores > thresholds[draw]) == (scored.labels == 1)
        for name, label, group, hit in zip(scored.names, scored.labels, scored.groups, right, strict=True):
            found[draw, name] = (int(label), group, bool(hit))
    return found


def _resampled(
    pairs: Iterable[tuple[_Verdicts, _Verdicts]], rng: np.random.Generator
) -> tuple[list[tuple[float, float]], list[Floats]]:
    """Resample each source for one target: the two balanced accuracies, and their difference in each resample."""
    pairs = list(pairs)
    common = [[key for key in mine if key in other] for mine, other in pairs]
    draws = {draw: i for i, draw in enumerate(sorted({draw for keys in common for draw, _ in keys}))}
    every = {mine[key][1] for (mine, _), keys in zip(pairs, common, strict=True) for key in keys}
    groups = {group: i for i, group in enumerate(sorted(every))}
    of_groups = rng.multinomial(len(groups), np.full(len(groups), 1 / len(groups)), RESAMPLES).astype(np.float64)
    of_draws = rng.multinomial(len(draws), np.full(len(draws), 1 / len(draws)), RESAMPLES).astype(np.float64)
    values, resampled = [], []
    for (mine, other), keys in zip(pairs, common, strict=True):
        # Right verdicts of the one, of the other, and images; by class, draw and group.
        counts = np.zeros((3, 2, len(draws), len(groups)))
        for key in keys:
            label, group, hit = mine[key]
            counts[:, label, draws[key[0]], groups[group]] += (hit, other[key][2], 1)
        with np.errstate(invalid="ignore"):
            first, second = (counts[i].sum(axis=(1, 2)) / counts[2].sum(axis=(1, 2)) for i in (0, 1))
            hits, others, n = np.einsum("bg,bd,kcdg->kcb", of_groups, of_draws, counts, optimize=True)
            resampled.append(((hits - others) / n).mean(axis=0))
        values.append((float(first.mean()), float(second.mean())))
    return values, resampled
