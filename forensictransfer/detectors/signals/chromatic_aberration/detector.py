"""The detector `chromatic_aberration`: regions whose red and blue lie elsewhere than the lens of the image puts them.

Source: Johnson, Farid: Exposing Digital Forgeries Through Chromatic Aberration, ACM Multimedia and Security Workshop
2006. README.md of this folder has what is ours, where it fails and what was measured.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from forensictransfer.detectors.base import Evidence, ImageFile
from forensictransfer.detectors.signals.cells import spread
from forensictransfer.detectors.signals.chromatic_aberration.aberration import (
    COLOURS,
    Aberration,
    Colour,
    find_aberration,
)
from forensictransfer.detectors.signals.chromatic_aberration.regions import APART, find_regions
from forensictransfer.detectors.signals.chromatic_aberration.vectors import CELL
from forensictransfer.detectors.signals.luma import is_grey
from forensictransfer.detectors.signals.single import SignalDetector

SMALLEST = 256  # pixels: at the corners of smaller images a lens moves colours by a fifth of a pixel
_FEWEST = 64  # blocks whose direction can be told, which overlap: of 64 x 64 pixels, every 16
_SEEN = 0.05  # share of the blocks whose direction can be told
_DISAGREE = 0.45  # share of them that point elsewhere, from which no lens explains the image


class ChromaticAberration(SignalDetector):
    """Blocks whose red and blue are displaced from green in another direction than a radial model of the image says.

    Score: minus log10 of the number of false alarms of the surest region. Features: that, alpha - 1 of red and of blue
    in thousandths, the share of blocks that can tell, the share of these that point elsewhere.
    """

    name: ClassVar[str] = "chromatic_aberration"
    maps: ClassVar[bool] = True
    smallest: ClassVar[int] = SMALLEST

    def judge(self, image: ImageFile) -> Evidence:
        """Say of one image how sure it is that a region was seen through another lens, or elsewhere in it."""
        return _evidence(image)


def _evidence(image: ImageFile) -> Evidence:
    pixels = image.pixels
    if is_grey(pixels):
        return Evidence.does_not_apply("without colours, there is nothing that a lens could have pulled apart")
    found = find_aberration(pixels)
    if found is None:
        return Evidence.does_not_apply("too flat, or clipped, to show an aberration")
    able = found.able
    seen = float(able.mean())
    if able.sum() < _FEWEST or seen < _SEEN:
        return Evidence.does_not_apply(
            "no measurable aberration: of a good lens, corrected by the camera, much reduced or generated"
        )
    telling = max(found.colours, key=lambda one: int(one.able.sum()))
    if not _inside(telling):
        return Evidence.does_not_apply(
            "the centre of the aberration lies outside of the picture: cropped, or its colours are shifted"
        )
    angle = found.angle
    astray = float((angle[able] > APART).mean())
    if astray > _DISAGREE:
        return Evidence.does_not_apply("red and blue are displaced, but not as by one lens")
    best, regions = find_regions(angle, able)
    mask = np.zeros(able.shape, bool)
    for region in regions:
        mask |= region.mask
    side = CELL * found.factor
    heat = np.where(able, np.clip(angle / (2 * APART), 0, 1), 0).astype(np.float32)
    growth = [1000 * one.model.growth for one in found.colours]
    return Evidence(
        score=-best,
        heat_map=spread(heat, image.size, side, (side // 2, side // 2)),
        mask=spread(mask, image.size, side, (side // 2, side // 2)),
        reasons=(
            _said(found, telling),
            f"visible in {seen:.0%} of the image, where {astray:.0%} point elsewhere",
            *(
                f"{one.mask.sum()} blocks turned by {one.angle:.0f} degrees, log10 NFA {one.log10_nfa:.1f}"
                for one in regions
            ),
        ),
        features=np.array([-best, *growth, seen, astray], np.float32),
    )


def _inside(colour: Colour) -> bool:
    height, width = colour.model.size
    x, y = colour.model.centre
    return 2 * abs(x) <= width and 2 * abs(y) <= height


def _said(found: Aberration, telling: Colour) -> str:
    grown = ", ".join(f"{name} {1 + one.model.growth:.5f}" for name, one in zip(COLOURS, found.colours, strict=True))
    off = float(np.hypot(*telling.model.centre) / np.hypot(*telling.model.size))
    return f"alpha of {grown}, centre {off:.0%} of the diagonal off the middle"
