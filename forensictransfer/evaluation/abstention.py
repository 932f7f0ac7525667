"""When to say nothing: which scores are called real, which fake, and which neither, at a share of errors allowed.

From calibration scores of either class (validation images, or shots held out) two limits are taken: an image is called
fake from the least score t on of which both hold,

    (1 + #{reals >= t}) / (n_0 + 1) <= e          of real images at most a share e is called fake
    P_0 / (P_0 + P_1) <= e                        of those called fake at most a share e is real

where P_0 is the left side of the first line and P_1 the share of calibration fakes with a score >= t; and real up to
the largest score of which the same holds the other way round. Where the two limits cross, the classes lie so far apart
that both calls would be within the error allowed: there the threshold decides.

The first line is a split conformal p-value: it holds for every number of calibration images, whatever the detector, for
images that are exchangeable with them, and not for those of another source (V. Vovk, A. Gammerman, G. Shafer,
"Algorithmic Learning in a Random World", 2005; by class: M. Sadinle, J. Lei, L. Wasserman, "Least ambiguous set-valued
classifiers with bounded error levels", 2019). It also says how many images it takes: 1 / e - 1 of a class. Alone it
would let a detector that knows nothing call a share e of everything fake, half of it wrongly; the second line, an
estimate (J. D. Storey, "The positive false discovery rate", 2003) for classes that are equally frequent, forbids that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forensictransfer.data.records import FAKE, REAL

UNSURE = -1
ERROR = 0.1  # the share of errors that is allowed unless somebody says otherwise
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Abstention:
    """Called real are scores <= real_to, fake those >= fake_from, others not; where the two cross, `threshold` decides.

    error: the share of errors allowed, in (0, 1). reals, fakes: calibration images behind the limits, one of a group.
    real_to is -inf, and fake_from inf, where no score is called so.
    """

    error: float
    real_to: float
    fake_from: float
    threshold: float
    reals: int
    fakes: int

    @classmethod
    def fitted(
        cls,
        error: float,
        scores: ArrayLike,
        labels: ArrayLike,
        groups: Sequence[str],
        threshold: float,
    ) -> Abstention:
        """Take the limits from calibration scores (n,) of images with labels (n,), real = 0 and fake = 1, and groups.

        Images of a group and class are not independent: the one that speaks most against the promise stands for all.
        Raises ValueError for an error that is none.
        """
        if not 0 < error < 1:
            raise ValueError(f"expected a share of errors in (0, 1), got {error}")
        s, y, g = np.asarray(scores, np.float64), np.asarray(labels), np.asarray(groups)
        reals = _worst(s[y == REAL], g[y == REAL])
        fakes = -_worst(-s[y == FAKE], g[y == FAKE])
        return cls(
            error=error,
            real_to=-_limit(error, -fakes, -reals),
            fake_from=_limit(error, reals, fakes),
            threshold=threshold,
            reals=len(reals),
            fakes=len(fakes),
        )

    def calls(self, scores: ArrayLike) -> NDArray[np.int64]:
        """Call each score REAL, FAKE or UNSURE, int64 (n,)."""
        s = np.asarray(scores, np.float64)
        real, fake = s <= self.real_to, s >= self.fake_from
        both = real & fake
        called = np.select([real & ~both, fake & ~both], [REAL, FAKE], UNSURE)
        return np.where(both, np.where(s > self.threshold, FAKE, REAL), called).astype(np.int64)

    @property
    def needed(self) -> int:
        """How many independent calibration images of a class the promise takes at least."""
        return math.ceil(1 / self.error - 1e-9) - 1

    @property
    def too_few(self) -> bool:
        """Whether a class has too few calibration images for any call."""
        return min(self.reals, self.fakes) < self.needed


def _worst(scores: Floats, groups: NDArray[np.str_]) -> Floats:
    """Keep the largest score of each group."""
    names, inverse = np.unique(groups, return_inverse=True)
    found = np.full(len(names), -np.inf)
    np.maximum.at(found, inverse.reshape(-1), scores)
    return found


def _limit(error: float, low: Floats, high: Floats) -> float:
    """Find the least score from which on a member of the class that lies low is rare enough; inf if there is none."""
    if not high.size or not low.size:
        return math.inf
    candidates = np.unique(np.concatenate([high, np.nextafter(low, np.inf)]))
    wrong = (1 + _at_least(candidates, low)) / (low.size + 1)
    right = _at_least(candidates, high) / high.size
    kept = candidates[(wrong <= error + 1e-12) & (wrong <= (error + 1e-12) * (wrong + right))]
    return float(kept[0]) if kept.size else math.inf


def _at_least(limits: Floats, scores: Floats) -> NDArray[np.int64]:
    """Count the scores that are at least as high as each limit."""
    return scores.size - np.searchsorted(np.sort(scores), limits, side="left")
