"""What a detector says of one image, and of a batch in numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a detector says of one image of h x w pixels. Whatever it does not offer is None.

    Attributes:
        score: larger means more likely fake, finite; nan where the detector does not apply.
        probability: of fake, in [0, 1].
        heat_map: float32 (h, w) in [0, 1], larger where the evidence for fake is stronger.
        mask: bool (h, w), True where the image is called changed.
        applies: False for an image that the detector cannot judge.
        reason: why it does not apply, one line ("not a JPEG").
        reasons: what speaks for or against a fake, in words.
        features: float32 (d,), what a classifier fitted to a few shots works on; default there: the score alone.
    """

    score: float
    probability: float | None = None
    heat_map: np.ndarray | None = None
    mask: np.ndarray | None = None
    applies: bool = True
    reason: str = ""
    reasons: tuple[str, ...] = ()
    features: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.applies and not np.isfinite(self.score):
            raise ValueError(f"Evidence: expected a finite score where the detector applies, got {self.score}")
        if not self.applies and not self.reason:
            raise ValueError("Evidence: expected a reason why the detector does not apply")
        if self.probability is not None and not 0 <= self.probability <= 1:
            raise ValueError(f"Evidence: expected a probability in [0, 1], got {self.probability}")
        if self.heat_map is not None:
            _check_map("heat_map", self.heat_map, np.float32)
            if not ((self.heat_map >= 0) & (self.heat_map <= 1)).all():
                raise ValueError("Evidence: expected a heat_map of values in [0, 1]")
        if self.mask is not None:
            _check_map("mask", self.mask, np.bool_)
        if self.features is not None:
            if self.features.ndim != 1 or self.features.dtype != np.float32:
                raise ValueError(f"Evidence: expected float32 features (d,), got {_kind(self.features)}")
            if not np.isfinite(self.features).all():
                raise ValueError("Evidence: expected finite features")

    @classmethod
    def does_not_apply(cls, reason: str) -> Evidence:
        """Build the evidence of an image that the detector cannot judge, for a reason in one line."""
        return cls(score=float("nan"), applies=False, reason=reason)


@dataclass(frozen=True, eq=False)
class Tiles:
    """What a detector says of the t tiles of n images, image by image: energies float32 (t, 2), features (t, d).

    counts: int64 (n,), how many tiles each image has.
    """

    energies: np.ndarray
    features: np.ndarray
    counts: np.ndarray

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield the features of each image's tiles, (its count, d)."""
        return iter(np.split(self.features, np.cumsum(self.counts)[:-1]))

    def subset(self, images: Sequence[int] | np.ndarray) -> Tiles:
        """Keep the tiles of some images, in the order of `images`."""
        starts = np.cumsum(self.counts) - self.counts
        places = np.concatenate([np.arange(starts[i], starts[i] + self.counts[i]) for i in images])
        return Tiles(self.energies[places], self.features[places], self.counts[images])

    def deviations(self, score: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
        """Compute how much a score of energies (m, 2) and features (m, d) varies among the tiles of each image.

        Returns standard deviations, float64 (n,); 0 of one tile.
        """
        energies = np.split(self.energies, np.cumsum(self.counts)[:-1])
        # Image by image: all tiles in double precision would take twice their memory.
        return np.array([score(*parts).std() for parts in zip(energies, self, strict=True)], np.float64)


@dataclass(frozen=True)
class Analysis:
    """What a detector says of a batch of crops or images.

    energies: float32 (n, 2), the evidence for real and for fake; the score is energies[:, 1] - energies[:, 0], and
    larger means more likely fake. features: float32 (n, d), what a classifier without gradients works on. tiles: of
    images that were looked at tile by tile, where they were asked for; the features are their means.
    """

    energies: np.ndarray
    features: np.ndarray
    tiles: Tiles | None = None

    def subset(self, rows: Sequence[int] | np.ndarray) -> Analysis:
        """Keep some rows, with their tiles, in the order of `rows`."""
        return Analysis(self.energies[rows], self.features[rows], self.tiles and self.tiles.subset(rows))

    @property
    def scores(self) -> np.ndarray:
        """a_1 - a_0 of every row, float32 (n,)."""
        return self.energies[:, 1] - self.energies[:, 0]


class Judgement(Protocol):
    """How energies and features become a score, and a score a probability (`evaluation.decision.Decision`)."""

    def scores(self, energies: np.ndarray, features: np.ndarray, tiles: Tiles | None = None) -> np.ndarray:
        """Compute scores (n,) of images from energies (n, 2), features (n, d) and their tiles."""

    def tile_scores(self, energies: np.ndarray, features: np.ndarray) -> np.ndarray:
        """Compute scores (n,) of single tiles from energies (n, 2) and features (n, d)."""

    def probabilities(self, scores: np.ndarray) -> np.ndarray:
        """Compute the probability of fake, (n,) in [0, 1], from scores (n,)."""


def _check_map(name: str, value: np.ndarray, kind: type) -> None:
    if value.ndim != 2 or value.dtype != kind:
        raise ValueError(f"Evidence: expected {name} as {np.dtype(kind)} (h, w), got {_kind(value)}")


def _kind(value: np.ndarray) -> str:
    return f"{value.dtype} {value.shape}"
