"""How strong the correlation with a camera's fingerprint should be, from brightness, detail and saturation.

Where it is weak because the picture is dark, full of detail or saturated there, its absence says nothing. Source: the
predictor of Chen, Fridrich, Goljan, Lukas: Determining image origin and integrity using sensor noise, 2008.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from forensictransfer.detectors.signals.prnu.residual import Noise
from forensictransfer.detectors.signals.prnu.windows import FEATURES, BlockSums, Windows

SIDES = (128, 256, 512)  # of windows, pixels
TERMS = 10
FEWEST = 60  # windows that an expectation can be fitted to
MOST_SATURATED = 0.5  # of a window that is judged
_RIDGE = 1e-6
_WITHIN = (0.5, 99.5)  # percentiles of the features: beyond them nothing is known


@dataclass(frozen=True)
class Expectation:
    """The correlation that windows of a camera's own photographs have.

    side: of the windows. coefficients: of the ten products of up to two features (`_terms`). low, high: of each feature
    within which it was seen. deviation: of what was seen from what is expected, in photographs that were left out of
    the fit. chance: deviation of the correlation with a fingerprint that is not there.
    """

    side: int
    coefficients: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    deviation: float
    chance: float

    def of(self, features: np.ndarray) -> np.ndarray:
        """Compute the expected correlation of features (..., 3)."""
        found: np.ndarray = _terms(features) @ np.array(self.coefficients)
        return found

    def knows(self, features: np.ndarray) -> np.ndarray:
        """Tell, bool (...), which features (..., 3) are like those that it was fitted to."""
        inside = (features >= np.array(self.low)) & (features <= np.array(self.high))
        return inside.all(axis=-1) & (features[..., 2] <= MOST_SATURATED)


@dataclass(frozen=True, eq=False)
class Sample:
    """Windows of a photograph: features (n, 3), correlation (n,) with the fingerprint, and with a shifted one."""

    side: int
    features: np.ndarray
    correlation: np.ndarray
    chance: np.ndarray

    @classmethod
    def of(cls, own: Windows, shifted: Windows) -> Sample:
        """Take windows that overlap by half, with the fingerprint in its place and with a shifted one."""
        step = max(1, own.side // 32)
        some = (slice(None, None, step), slice(None, None, step))
        return cls(
            own.side,
            own.features[some].reshape(-1, FEATURES),
            own.correlation[some].ravel(),
            shifted.correlation[some].ravel(),
        )


def fit_expectation(samples: Sequence[Sample]) -> Expectation | None:
    """Fit what windows of one side show; None where there are too few, or only one photograph."""
    usable = [one.features[:, 2] <= MOST_SATURATED for one in samples]
    parts = [(one.features[rows], one.correlation[rows]) for one, rows in zip(samples, usable, strict=True)]
    if len(samples) < 2 or sum(len(values) for _, values in parts) < FEWEST:
        return None
    errors = []
    for place, (features, values) in enumerate(parts):
        others = _fitted(part for other, part in enumerate(parts) if other != place)
        errors.append(values - _terms(features) @ others)
    features = np.concatenate([part for part, _ in parts])
    side = samples[0].side
    return Expectation(
        side,
        tuple(_fitted(parts).tolist()),
        tuple(np.percentile(features, _WITHIN[0], axis=0).tolist()),
        tuple(np.percentile(features, _WITHIN[1], axis=0).tolist()),
        float(np.sqrt(np.mean(np.concatenate(errors) ** 2))),
        max(1 / side, float(np.sqrt(np.mean(np.concatenate([one.chance for one in samples]) ** 2)))),
    )


def _fitted(parts: Iterable[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    features, values = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    terms = _terms(features)
    normal = terms.T @ terms
    normal += _RIDGE * len(values) * np.eye(len(normal))
    return np.linalg.solve(normal, terms.T @ values)


def _terms(features: np.ndarray) -> np.ndarray:
    """List the products of up to two of three features, (..., 10)."""
    a, b, c = (features[..., place] for place in range(FEATURES))
    return np.stack([np.ones_like(a), a, b, c, a * a, b * b, c * c, a * b, a * c, b * c], axis=-1)


def measured(noise: Noise, pattern: np.ndarray) -> dict[int, Sample]:
    """Measure a photograph of the camera by windows of each side that fits.

    noise: of the photograph. pattern: float32 (h, w), the fingerprint of the others.
    """
    height, width = noise.size
    # By odd numbers of pixels: no period of demosaicing or JPEG is met again.
    shifted = np.roll(pattern, (height // 3 | 1, width // 3 | 1), (0, 1))
    own, chance = BlockSums(noise, pattern), BlockSums(noise, shifted)
    found = {}
    for side in SIDES:
        windows, others = own.windows(side), chance.windows(side)
        if windows is not None and others is not None:
            found[side] = Sample.of(windows, others)
    return found
