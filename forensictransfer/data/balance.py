"""Several domains that are learned from together: each counts alike, and each class alike in it. Arrays alone."""

from __future__ import annotations

import numpy as np

from forensictransfer.data.records import FAKE, REAL


def cells(labels: np.ndarray, domains: np.ndarray) -> list[np.ndarray]:
    """List the images of each domain and class: real ones of the first domain, its fakes, reals of the second ...

    Args:
        labels: (n,), 0 = real, 1 = fake. domains: (n,), the number of each image's domain.
    Returns:
        Indices, int64, an array for each cell; empty where a domain lacks a class.
    """
    return [
        np.flatnonzero((domains == domain) & (labels == label))
        for domain in np.unique(domains)
        for label in (REAL, FAKE)
    ]


def balanced_weights(labels: np.ndarray, domains: np.ndarray) -> np.ndarray:
    """Weigh images so that in each class the domains count alike: float64 (n,), 1 for the images of a single domain.

    The weights of a class sum to the number of its images.
    """
    weights = np.ones(len(labels))
    of_class = [[cell for cell in cells(labels, domains)[label::2] if len(cell)] for label in (REAL, FAKE)]
    for found in of_class:
        total = sum(map(len, found))
        for cell in found:
            weights[cell] = total / (len(found) * len(cell))
    return weights


def balanced_rows(labels: np.ndarray, domains: np.ndarray, most: int) -> np.ndarray:
    """Choose rows of which each domain and class has equally many: as many as the largest has, `most` at most.

    The images of smaller cells are repeated, those of larger ones evenly thinned out.

    Returns indices, int64, cell by cell.
    """
    found = [cell for cell in cells(labels, domains) if len(cell)]
    number = min(most, max(map(len, found)))
    return np.concatenate([cell[_evenly(len(cell), number)] for cell in found])


def thinned_rows(labels: np.ndarray, domains: np.ndarray, most: int) -> np.ndarray:
    """Choose rows of which no domain and class has more than `most`, evenly thinned out: indices, int64, rising."""
    found = [cell[_evenly(len(cell), min(len(cell), most))] for cell in cells(labels, domains)]
    return np.sort(np.concatenate(found))


def _evenly(length: int, number: int) -> np.ndarray:
    """Choose `number` places, evenly spaced in a sequence of so many; each more than once if it is shorter."""
    return np.arange(number) * length // max(number, 1)
