"""Find regions whose blocks point elsewhere than the lens pulls, each with its number of false alarms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from forensictransfer.detectors.signals.binomial import log10_tail

APART = 60  # degrees from which a local vector is another one's, as the authors have it
LIMIT = -3.0  # log10 of the false alarms of a region that is kept
SHARED = 2  # blocks that are counted as one, since neighbours share pixels
CHANCE = 0.05  # of a block to point elsewhere in an image without a forgery, at most

_GAP = 2  # blocks that cannot tell, on either side of one that points elsewhere, are no border of its region


@dataclass(frozen=True, eq=False)
class Region:
    """Neighbouring blocks that point elsewhere: mask, bool (rows, columns), and their mean angle, degrees."""

    mask: np.ndarray
    log10_nfa: float
    angle: float


def find_regions(angle: np.ndarray, able: np.ndarray) -> tuple[float, list[Region]]:
    """Find regions of blocks that are turned by more than APART, of angles in degrees and who can tell.

    Returns log10 of the number of false alarms of the best region, kept or not (of nothing at all: of the tests, which
    are all boxes of blocks), and those below LIMIT, the surest first.
    """
    rows, columns = angle.shape
    log10_tests = float(np.log10((rows * (rows + 1) / 2) * (columns * (columns + 1) / 2)))
    astray = able & (angle > APART)
    labels, _ = ndimage.label(ndimage.binary_dilation(astray, iterations=_GAP) & ~(able & ~astray))
    labels[~astray] = 0
    best, kept = log10_tests, []
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        if box is None:  # what lies across blocks that can tell from all that point elsewhere
            continue
        y, x = box
        inside = labels[y, x] == number
        nfa = log10_tests + float(log10_tail(able[y, x].sum() // SHARED, inside.sum() // SHARED, CHANCE))
        best = min(best, nfa)
        if nfa < LIMIT:
            mask = np.zeros(angle.shape, bool)
            mask[y, x] = inside
            kept.append(Region(mask, nfa, float(angle[mask].mean())))
    return best, sorted(kept, key=lambda region: region.log10_nfa)
