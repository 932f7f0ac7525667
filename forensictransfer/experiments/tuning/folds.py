"""Folds for cross-validation among a handful of labelled images that keep the images of one group together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MOST = 3


def group_folds(labels: np.ndarray, groups: Sequence[str], most: int = MOST) -> list[np.ndarray] | None:
    """Choose the held-out indices of each fold: every image is held out once, and no group stands in two folds.

    As many folds as `most`, or as the class with fewer groups has groups, so that each class is left to learn from
    whichever fold is held out. Groups are dealt out in the order of their first image, the ones with most images
    first, each into the fold that has fewest images of its classes so far.

    Args:
        labels: (n,), 0 = real, 1 = fake. groups: (n,).
    Returns:
        The folds, or None where nothing can be held out: a class has only one group.
    """
    labels = np.asarray(labels)
    members: dict[str, list[int]] = {}
    for index, group in enumerate(groups):
        members.setdefault(group, []).append(index)
    fewest = min(sum((labels[group] == label).any() for group in members.values()) for label in (0, 1))
    dealt = sorted(members.values(), key=len, reverse=True)
    for count in range(min(most, fewest), 1, -1):
        folds = _dealt(dealt, labels, count)
        # Groups of both classes may crowd one class into one fold; fewer folds can be possible then.
        if all(len(set(np.delete(labels, held_out))) == 2 for held_out in folds):
            return folds
    return None


def _dealt(members: list[list[int]], labels: np.ndarray, count: int) -> list[np.ndarray]:
    folds: list[list[int]] = [[] for _ in range(count)]
    images = np.zeros((count, 2), int)
    for group in members:
        of_class = np.bincount(labels[group], minlength=2)
        crowd = [(int((images[fold] * (of_class > 0)).sum()), int(images[fold].sum()), fold) for fold in range(count)]
        fold = min(crowd)[-1]
        folds[fold] += group
        images[fold] += of_class
    return [np.array(sorted(fold), int) for fold in folds]
