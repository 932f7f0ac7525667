"""The detector `copy_move`: regions that occur twice in an image, exactly or nearly.

Sources: Fridrich, Soukal, Lukas: Detection of Copy-Move Forgery in Digital Images, DFRWS 2003; Amerini, Ballan,
Caldelli, Del Bimbo, Serra: A SIFT-Based Forensic Method for Copy-Move Attack Detection and Transformation Recovery,
IEEE TIFS 2011. README.md of this folder has what is ours, where it fails and what was measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from PIL import Image

from forensictransfer.detectors.base import Evidence, ImageFile
from forensictransfer.detectors.signals.copy_move.correlation import AGREES, Copy, detail_of, find_copy
from forensictransfer.detectors.signals.copy_move.exact import LEAST_PATCHES, ExactCopy, find_copies, find_repeats
from forensictransfer.detectors.signals.copy_move.keypoints import find_clusters, find_matches
from forensictransfer.detectors.signals.luma import luma_of
from forensictransfer.detectors.signals.single import SignalDetector

SMALLEST = 32  # pixels
LEAST_CORRELATION = 0.96  # mean over a region that is called a near copy; things printed twice reached 0.956
LIMIT = -2.0  # log10 of the number of false alarms of its matches
_SIDE, _SMALL_SIDE = 8, 4  # of patches that are compared exactly: for regions, and for a softer sign
_FEW = 500_000  # pixels up to which keypoints are sought at twice the resolution
_MOST = 1_000_000  # pixels of the image in which keypoints are sought
_LEAST_EXACT = 4  # connected patches that are worth a mark in the score, if not a region
_WORDS = 4  # regions of each kind that are told of


class CopyMove(SignalDetector):
    """Regions that occur twice at one offset, equal in every bit, or nearly equal after a turn, a scale, a compression.

    Score: how strong the strongest sign is, 1 where a region is called a copy. Features: logarithms of the largest
    exact copy, of repeated patches of 8 pixels and of those of 4, of these at the most common offset, and their share;
    correlation, logarithm of the area and strength of the best near copy.
    """

    name: ClassVar[str] = "copy_move"
    maps: ClassVar[bool] = True
    smallest: ClassVar[int] = SMALLEST

    def judge(self, image: ImageFile) -> Evidence:
        """Say of one image which regions occur twice."""
        return _evidence(image)


def _evidence(image: ImageFile) -> Evidence:
    repeats, small = find_repeats(image.pixels, _SIDE), find_repeats(image.pixels, _SMALL_SIDE)
    near, keypoints = find_near_copies(image.pixels)
    if not repeats.told and not keypoints:
        return Evidence.does_not_apply("no texture: what is even repeats anywhere")
    exact = find_copies(repeats, _LEAST_EXACT)
    patches = exact[0].patches if exact else 0
    strengths = [_strength(copy) for copy in near]
    best = int(np.argmax(strengths)) if near else -1
    score = max([0.0, np.log1p(patches) / np.log1p(LEAST_PATCHES), *strengths])
    called = [copy for copy in exact if copy.patches >= LEAST_PATCHES]
    alike = [copy for copy, strength in zip(near, strengths, strict=True) if strength >= 1]
    mask = np.zeros(image.size, bool)
    for copy in called:
        copy.draw(mask)
    for one in alike:
        mask |= _enlarged(one.source | one.target, image.size)
    heat = mask.astype(np.float32)
    if not mask.any():  # a weaker sign is shown weaker
        for copy in exact[:_WORDS]:
            copy.draw(mask)
        heat, mask = mask.astype(np.float32) * np.float32(min(score, 1) / 2), np.zeros(image.size, bool)
    features = [
        np.log1p(patches),
        np.log1p(len(repeats.first)),
        np.log1p(len(small.first)),
        np.log1p(small.most),
        small.most / max(small.told, 1),
        near[best].correlation if near else 0.0,
        np.log1p(near[best].pixels) if near else 0.0,
        min(strengths[best], 3.0) if near else 0.0,
    ]
    return Evidence(
        score=float(score),
        heat_map=heat,
        mask=mask,
        reasons=_reasons(called, alike),
        features=np.array(features, np.float32),
    )


def find_near_copies(pixels: np.ndarray) -> tuple[list[Copy], int]:
    """Find regions of an image, uint8 (h, w, 3), that occur twice nearly, in an image of at most a million pixels.

    Returns the regions, those of the surest matches first, in the smaller image, and the number of keypoints.
    """
    luma = luma_of(pixels)
    area = luma.size
    if area > _MOST:
        factor = (_MOST / area) ** 0.5
        smaller = (max(1, round(luma.shape[1] * factor)), max(1, round(luma.shape[0] * factor)))
        luma = np.asarray(Image.fromarray(luma).resize(smaller, Image.Resampling.BOX))
    matches = find_matches(luma / np.float32(255), upsampling=2 if area <= _FEW else 1)
    detail = detail_of(luma)
    found = (find_copy(detail, cluster) for cluster in find_clusters(matches, luma.shape))
    return [copy for copy in found if copy is not None], matches.keypoints


def _strength(copy: Copy) -> float:
    """Map a near copy to a strength: 1 where both the matches and the correlation are at their limits."""
    sure = copy.log10_nfa / LIMIT
    alike = (copy.correlation - AGREES) / (LEAST_CORRELATION - AGREES)
    # Many matches do not make up for detail that differs: windows of a house match, too.
    weaker = min(alike, sure)
    return max(weaker, 0.0) if weaker < 1 else 1 + float(np.log10(sure))


def _enlarged(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if mask.shape == size:
        return mask
    return np.asarray(Image.fromarray(mask).resize((size[1], size[0]), Image.Resampling.NEAREST))


def _reasons(exact: Sequence[ExactCopy], near: Sequence[Copy]) -> tuple[str, ...]:
    said = []
    for copy in exact[:_WORDS]:
        (top, left), (bottom, right) = copy.places.min(axis=0), copy.places.max(axis=0) + copy.side
        box = f"{right - left} x {bottom - top} pixels at ({left}, {top})"
        said.append(f"{box} are there again, equal in every bit, {_moved(copy.offset)}")
    if len(exact) > _WORDS:
        said.append(f"and {len(exact) - _WORDS} more")
    for one in near[:_WORDS]:
        share = one.pixels / one.source.size
        said.append(
            f"{share:.1%} of the image are there again, turned by {abs(one.turn):.0f} degrees and {one.scale:.2f} times"
            f" as large: {one.matches} matches, correlation {one.correlation:.2f}"
        )
    return tuple(said) or ("no region occurs twice",)


def _moved(offset: tuple[int, int]) -> str:
    return f"{offset[0]} further down and {abs(offset[1])} to the {'right' if offset[1] >= 0 else 'left'}"
