"""How far a classifier gets on traces alone: "a detector that never looks at the pixels scores 98 %".

Gradient-boosted trees (scikit-learn's HistGradientBoostingClassifier: numbers, categories and missing values as they
are), both classes weighed alike, cross-validated by group: no image is judged by a model that has seen its photograph.
The answers within a fold come from one model, and the folds' models from overlapping images, so that answers vary
together. The intervals are wider for it, as in C. Nadeau and Y. Bengio, "Inference for the Generalization Error", 2003:
the variance times 1 + folds x (images tested / trained on). Shuffled labels of real domains then lie in them as is due.
One thread, since sums over threads would differ in their last digits from machine to machine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from forensictransfer.auditing.folds import fold_of, sample
from forensictransfer.auditing.intervals import auc, balanced_accuracy
from forensictransfer.auditing.traces.columns import TRACES
from forensictransfer.auditing.traces.scan import Scan
from forensictransfer.data.counts import Counts
from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.results.formats.audit import Separability

MOST_IMAGES = 20_000  # that it learns from; more would narrow the interval by less than half a point
MOST_LEVELS = 60  # values of a category, the commonest; the others count as one
TREES = 80
LEAVES = 12
LEAF = 20  # images at least behind a leaf, fewer in small domains


# Where nothing varies, nothing is told apart.
_CHANCE = Estimate(0.5, 0.5, 0.5)


def measure_separability(scan: Scan, parts: Sequence[str], *, most: int = MOST_IMAGES, seed: int = 0) -> Separability:
    """Cross-validate the classifier on the traces of some parts (`traces.FILE`, `traces.TONE`) of a scan."""
    found = out_of_fold(*encoded(scan, varying(scan, parts)), scan.labels, scan.groups, most=most, seed=seed)
    labels, groups = scan.labels[found.rows], scan.groups[found.rows]
    if found.folds is None:
        return _separability(parts, None, None, labels, groups)
    if (found.probabilities == 0.5).all():
        return _separability(parts, _CHANCE, _CHANCE, labels, groups)
    told, count = found.probabilities[found.rows], int(found.folds.max()) + 1
    wider = math.sqrt(1 + count / (count - 1))
    accuracy = balanced_accuracy(_called(told), labels, groups, seed=seed).wider(wider)
    area = auc(told, labels, groups, found.folds).wider(wider)
    return _separability(parts, accuracy.estimate, area.estimate, labels, groups)


def _separability(
    parts: Sequence[str], accuracy: Estimate | None, area: Estimate | None, labels: np.ndarray, groups: np.ndarray
) -> Separability:
    n = Counts(int((labels == 0).sum()), int((labels == 1).sum()), len(np.unique(groups)))
    return Separability(traces=tuple(parts), balanced_accuracy=accuracy, auc=area, n=n)


class OutOfFold(NamedTuple):
    """Probabilities of fake for n images, each by models that have not seen its group.

    rows: the images that were learned from; folds: of these, None where groups are too few for any.
    """

    probabilities: np.ndarray
    rows: np.ndarray
    folds: np.ndarray | None


def out_of_fold(
    values: np.ndarray,
    kinds: Sequence[bool],
    labels: np.ndarray,
    groups: np.ndarray,
    *,
    most: int = MOST_IMAGES,
    seed: int = 0,
) -> OutOfFold:
    """Cross-validate the classifier by group on values, float (n, traces), at most `most` images of them."""
    rows = sample(labels, groups, most, seed)
    folds = fold_of(labels[rows], groups[rows], seed=seed) if len(rows) else None
    probabilities = np.full(len(labels), 0.5)
    if folds is None or not values.shape[1]:
        return OutOfFold(probabilities, rows, folds)
    outside = np.setdiff1d(np.arange(len(labels)), rows)
    count = int(folds.max()) + 1
    with _one_thread():
        for fold in range(count):
            model = fitted(values[rows[folds != fold]], labels[rows[folds != fold]], kinds, seed)
            here = rows[folds == fold]
            probabilities[here] = probability(model, values[here])
            if outside.size:
                # Seen by no fold: the mean of them all.
                probabilities[outside] += (probability(model, values[outside]) - 0.5) / count
    return OutOfFold(probabilities, rows, folds)


def transfer(
    source: Scan, target: Scan, parts: Sequence[str], *, most: int = MOST_IMAGES, seed: int = 0
) -> Separability:
    """Test the classifier of one domain on another: what a detector that learned the traces alone would score there.

    Both scans of one kind (headers alone or not). A category's value that the source does not know counts as missing.
    """
    rows, tested = (sample(scan.labels, scan.groups, most, seed) for scan in (source, target))
    labels, groups = target.labels[tested], target.groups[tested]
    learned = source.labels[rows]
    if min(int((some == label).sum()) for some in (labels, learned) for label in (0, 1)) < 2:
        return _separability(parts, None, None, labels, groups)
    names = varying(source, parts)
    if not names:
        return _separability(parts, _CHANCE, _CHANCE, labels, groups)
    values, kinds = encoded(source, names)
    with _one_thread():
        model = fitted(values[rows], learned, kinds, seed)
        found = probability(model, encoded(target, names, like=source)[0][tested])
    accuracy = balanced_accuracy(_called(found), labels, groups, seed=seed)
    return _separability(parts, accuracy.estimate, auc(found, labels, groups).estimate, labels, groups)


def encoded(scan: Scan, names: Sequence[str], like: Scan | None = None) -> tuple[np.ndarray, list[bool]]:
    """Encode traces as float32 (n, traces), and tell which of them are categories.

    Categories are numbered by how common they are in `like` (or `scan`).

    Where a trace does not apply it has a value of its own: a fold in which it applies to no image is learned from, too.
    A category's value that `like` does not have is NaN.
    """
    columns, kinds = [], []
    for name in names:
        column = scan.columns[name]
        kinds.append(name in scan.levels)
        if name in scan.levels:
            known = _ranks(like or scan, name)
            codes = np.array([known.get(level, np.nan) for level in scan.levels[name]] or [np.nan], np.float32)
            column = np.where(np.isnan(column), MOST_LEVELS + 1, codes[np.nan_to_num(column).astype(int)])
        else:
            column = np.where(np.isnan(column), -1, column)  # no number that may not apply is negative
        columns.append(column)
    values = np.stack(columns, axis=1).astype(np.float32) if columns else np.zeros((len(scan), 0), np.float32)
    return values, kinds


def fitted(values: np.ndarray, labels: np.ndarray, kinds: Sequence[bool], seed: int) -> Any:
    """Fit the classifier. values: (n, traces); labels: 0 or 1, both among them; kinds: which are categories.

    The caller limits the threads to one.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    leaf = max(2, min(LEAF, len(labels) // 20))
    model = HistGradientBoostingClassifier(
        max_iter=TREES,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=leaf,
        l2_regularization=1.0,
        class_weight="balanced",
        categorical_features=list(kinds),
        early_stopping=False,
        random_state=seed,
    )
    return model.fit(values, labels)


def probability(model: Any, values: np.ndarray) -> np.ndarray:
    """Compute the probability of fake, float (n,)."""
    return np.asarray(model.predict_proba(values)[:, 1], float)


def _one_thread() -> threadpool_limits:
    """Limit threads to one, once for several fits: it looks through all libraries that are loaded, and limits these."""
    import sklearn.ensemble  # noqa: F401  # its OpenMP would come too late

    return threadpool_limits(1)


def _called(probabilities: np.ndarray) -> np.ndarray:
    return (probabilities > 0.5).astype(int)


def varying(scan: Scan, parts: Sequence[str]) -> list[str]:
    """List the traces of some parts that are not the same in all images of a scan, by name."""
    names = []
    for trace in TRACES:
        column = scan.columns.get(trace.name)
        if trace.part not in parts or column is None or not column.size or np.isnan(column).all():
            continue
        if not bool((column == column[0]).all()):
            names.append(trace.name)
    return names


def _ranks(scan: Scan, name: str) -> dict[str, float]:
    """Rank each value of a category, the commonest first; those beyond MOST_LEVELS share the last one."""
    levels, column = scan.levels[name], scan.columns[name]
    counts = np.bincount(column[~np.isnan(column)].astype(int), minlength=len(levels))
    order = sorted(range(len(levels)), key=lambda code: (-counts[code], levels[code]))
    return {levels[code]: float(min(rank, MOST_LEVELS)) for rank, code in enumerate(order)}
