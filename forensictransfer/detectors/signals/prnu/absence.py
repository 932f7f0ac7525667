"""Where in an image that bears a camera's fingerprint it is absent: what was pasted, removed or painted there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.stats import norm

from forensictransfer.detectors.signals.prnu.expectation import Expectation
from forensictransfer.detectors.signals.prnu.residual import Noise
from forensictransfer.detectors.signals.prnu.windows import BLOCK, BlockSums, Windows

EXPECTED = 1e-3  # images of the camera, nothing of them changed, in which anything is found
_OVERLAP = 4  # windows that overlap by half or less, counted for each that fits in side by side
_CHANCE = 2.33  # deviations of the chance level below which a correlation counts as absent: one in a hundred is above
_ENOUGH = 0.5  # share of the windows that can be judged from which on no larger windows are asked


@dataclass(frozen=True, eq=False)
class Absence:
    """Where the fingerprint is and where it is not.

    side: of the windows, pixels. heat_map: float32 (h, w): 0.5 at the limit, 0 where nothing can be said. absent: bool
    (h, w). judged: bool (h, w), where the fingerprint would be seen if it were there.
    """

    side: int
    heat_map: np.ndarray
    absent: np.ndarray
    judged: np.ndarray


def find_absence(noise: Noise, pattern: np.ndarray, expectations: Sequence[Expectation]) -> Absence | None:
    """Find where an image lacks the fingerprint, by the smallest windows that can judge half of it.

    noise: of the image. pattern: float32 (h, w), the fingerprint beneath it. Returns None where no window can be
    judged: the fingerprint is too weak in this image.
    """
    sums = BlockSums(noise, pattern)
    best: tuple[float, Windows, Expectation, np.ndarray] | None = None
    for expectation in sorted(expectations, key=lambda one: one.side):
        windows = sums.windows(expectation.side)
        if windows is None:
            continue
        judged = _judged(windows, expectation)
        share = float(judged.mean())
        if share > 0 and (best is None or share > best[0]):
            best = (share, windows, expectation, judged)
        if share >= _ENOUGH:
            break
    if best is None:
        return None
    _, windows, expectation, judged = best
    short = (expectation.of(windows.features) - windows.correlation) / (_limit(windows) * expectation.deviation)
    low = windows.correlation <= _CHANCE * expectation.chance
    absent = judged & (short > 1) & low
    # A window is called absent where hardly anything of it is the camera's: what was changed reaches further.
    around = 2 * (windows.side // BLOCK // 4) + 1
    reached = ndimage.binary_dilation(absent, np.ones((around, around), bool))
    heat = np.where(judged, np.clip(short / 2, 0, 1), 0) * np.where(low | (short < 1), 1, 0.5)
    return Absence(
        windows.side,
        _pixels(heat, windows, noise.size).astype(np.float32),
        _pixels(reached, windows, noise.size),
        _pixels(judged, windows, noise.size),
    )


def _limit(windows: Windows) -> float:
    """Compute how many deviations a window may fall short by chance, for EXPECTED false alarms in an image."""
    inside = np.prod([(count - 1) * BLOCK / windows.side + 1 for count in windows.correlation.shape])
    return float(norm.isf(EXPECTED / (_OVERLAP * max(1.0, float(inside)))))


def _judged(windows: Windows, expectation: Expectation) -> np.ndarray:
    """Tell where presence and absence would be told apart: the least that is expected is more than chance has."""
    least = expectation.of(windows.features) - _limit(windows) * expectation.deviation
    found: np.ndarray = expectation.knows(windows.features) & (least > _CHANCE * expectation.chance)
    return found


def _pixels(values: np.ndarray, windows: Windows, size: tuple[int, int]) -> np.ndarray:
    """Give each pixel the value of the window whose middle is nearest."""
    rows, columns = (
        np.clip((np.arange(length) - windows.side / 2) / BLOCK + 0.5, 0, count - 1).astype(int)
        for length, count in zip(size, values.shape, strict=True)
    )
    return values[np.ix_(rows, columns)]
