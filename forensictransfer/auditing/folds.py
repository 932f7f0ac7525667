"""Which images are learned from and which are tested on: whole groups, the same ones whatever order the images come in.

Groups are numbers here (`scan.Scan.groups`), in the order of the groups' names.
"""

from __future__ import annotations

import numpy as np

FOLDS = 5


def fold_of(labels: np.ndarray, groups: np.ndarray, *, folds: int = FOLDS, seed: int = 0) -> np.ndarray | None:
    """Choose the fold of each image, int (n,), for cross-validation by group; None where that cannot be done.

    Groups are dealt out in turn, those with the same number of reals and fakes next to each other, so that each fold
    has about the same share of either class. There are fewer folds where a class stands in few groups; in fewer than
    two, nothing can be learned from one and tested on the other.
    """
    counts = [np.bincount(groups[labels == label], minlength=int(groups.max(initial=-1)) + 1) for label in (0, 1)]
    folds = min(folds, *(int((count > 0).sum()) for count in counts))
    if folds < 2:
        return None
    there = np.flatnonzero(counts[0] + counts[1])
    order = there[np.lexsort((shuffled(there, seed), counts[1][there], counts[0][there]))]
    place = np.zeros(len(counts[0]), int)
    place[order] = np.arange(len(order)) % folds
    return place[groups]


def sample(labels: np.ndarray, groups: np.ndarray, most: int, seed: int = 0) -> np.ndarray:
    """Choose the rows of at most `most` images, at most half of them of either class, rising.

    A class gives its images group by group, in an order that a hash of the group gives, so that both classes give the
    same photographs where they share them.
    """
    if len(labels) <= most:
        return np.arange(len(labels))
    order = np.lexsort((np.arange(len(labels)), shuffled(groups, seed)))
    chosen = []
    for label in (0, 1):
        of_class = order[labels[order] == label]
        chosen.append(of_class[: most // 2])
    return np.sort(np.concatenate(chosen))


def shuffled(numbers: np.ndarray, seed: int) -> np.ndarray:
    """Compute a hash of each number, uint64 (n,).

    It is splitmix64, which spreads neighbouring numbers over the whole range.
    """
    state = numbers.astype(np.uint64) + np.uint64(seed + 1) * np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
