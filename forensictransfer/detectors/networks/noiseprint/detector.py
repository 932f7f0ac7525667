"""The detector `noiseprint`: a residual learned from photographs by camera, and what is unusual in it.

Source: D. Cozzolino, L. Verdoliva, "Noiseprint: a CNN-based camera model fingerprint", 2018; `network.py` has the
network and the loss, README.md of this folder what is ours, what it costs and what was measured.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.settings import Settings
from forensictransfer.data.cameras.photographs import CameraPhotographs
from forensictransfer.detectors.base import Evidence, ImageFile
from forensictransfer.detectors.networks.noiseprint.network import (
    FILTERS,
    GROUP,
    LAYERS,
    nearest_is_alike,
    noiseprint_loss,
    residual_network,
)
from forensictransfer.detectors.photograph_detector import PhotographDetector
from forensictransfer.detectors.signals.luma import luma_of
from forensictransfer.detectors.signals.splicebuster.blocks import evidence_of
from forensictransfer.detectors.signals.splicebuster.words import level_words

SMALLEST = 64  # pixels
_TILE = 256  # side of what the network looks at at once, less its margin, pixels
_BRIGHT, _DARK = 252, 3  # luma beyond these is clipped
_RELATIVE = "colours of the map are relative: the hottest place of a sound image is hot too"


class Noiseprint(PhotographDetector):
    """A DnCNN in whose output photographs of one camera are alike; blocks whose words of it are unusual in the image.

    Score, features and map are those of `splicebuster`, of the noiseprint in place of third-order residuals.
    """

    name: ClassVar[str] = "noiseprint"
    maps: ClassVar[bool] = True
    fewest: ClassVar[int] = GROUP

    @classmethod
    def build(cls, settings: Settings) -> Noiseprint:
        """Build a fresh network of `train.layers` layers and `train.filters` filters (17 and 64)."""
        return cls(residual_network(settings.train.layers or LAYERS, settings.train.filters or FILTERS))

    @classmethod
    def check(cls, settings: Settings) -> None:
        """Raise UserError for batches that are not two groups or more."""
        if settings.train.batch % GROUP or settings.train.batch < 2 * GROUP:
            raise UserError(
                f"train.batch: '{cls.name}' learns from groups of {GROUP} patches; expected a multiple of {GROUP} "
                f"from {2 * GROUP}, got {settings.train.batch}",
                code=ErrorCode.SETTING_INVALID,
            )

    def compile(self, learning_rate: float) -> None:
        """Compile with Adam, the loss of groups, and the share of patches whose nearest is of their group."""
        accuracy = keras.metrics.MeanMetricWrapper(nearest_is_alike, name="accuracy")
        self.trainer.compile(keras.optimizers.Adam(learning_rate), loss=noiseprint_loss, metrics=[accuracy])

    def draw(self, photographs: CameraPhotographs, settings: Settings, rng: np.random.Generator) -> tuple[Any, Any]:
        """Draw groups: four photographs of one camera, one place in the frame. uint8 (b, k, k, 3), int32 (b, 1).

        The cameras take turns in random order. Another place of the same camera is another group, as in the paper.
        """
        side, groups, found = settings.data.crop, settings.train.batch // GROUP, []
        order = np.concatenate([rng.permutation(len(photographs.cameras)) for _ in range(groups)])[:groups]
        for camera in order:
            chosen = rng.choice(photographs.cameras[camera], GROUP, replace=False)
            top, left = (int(rng.integers(0, one - side + 1)) for one in photographs.size(int(chosen[0])))
            found.append(photographs.patches(chosen, top, left, side))
        return np.concatenate(found), np.repeat(np.arange(groups, dtype=np.int32), GROUP)[:, None]

    def unlike(self, model: keras.Model) -> str | None:
        """Refuse what makes no noiseprint; the numbers of layers and filters are the file's own."""
        unlike = super().unlike(model)
        return None if unlike is None else f"images of any size to one plane: {unlike}"

    def noiseprint(self, pixels: np.ndarray) -> np.ndarray:
        """Make the noiseprint of pixels, uint8 (h, w, 3) as stored: float32 (h, w).

        Tile by tile with as much beside each as the network sees, so that it is that of the whole image at once.
        """
        forward = self.once("forward", self._forward)
        height, width = pixels.shape[:2]
        margin = sum(isinstance(layer, keras.layers.Conv2D) for layer in self.model.layers)
        found = np.empty((height, width), np.float32)
        for top in range(0, height, _TILE):
            for left in range(0, width, _TILE):
                above, before = max(0, top - margin), max(0, left - margin)
                part = pixels[above : top + _TILE + margin, before : left + _TILE + margin]
                made = forward(part[None])[0, ..., 0].numpy()
                kept = made[top - above : top - above + _TILE, left - before : left - before + _TILE]
                found[top : top + _TILE, left : left + _TILE] = kept
        return found

    def examine(self, images: Sequence[ImageFile]) -> list[Evidence]:
        """Say of each image how far a compact part of its noiseprint's blocks lies from the others."""
        return [self._examined(image) for image in images]

    def _examined(self, image: ImageFile) -> Evidence:
        if min(image.size) < SMALLEST:
            return Evidence.does_not_apply(f"smaller than {SMALLEST} pixels")
        pixels = image.as_stored(image.pixels)
        luma = luma_of(pixels)
        usable = (luma < _BRIGHT) & (luma > _DARK)
        if not usable.any():
            return Evidence.does_not_apply("all of it is clipped")
        said = evidence_of(level_words(_levels(self.noiseprint(pixels), usable), usable), pixels.shape[:2])
        if said.heat_map is None:
            return said
        return dataclasses.replace(said, heat_map=image.upright(said.heat_map), reasons=(*said.reasons, _RELATIVE))

    def _forward(self) -> Any:
        # Of any size: the tiles at the borders are smaller, and another trace would cost seconds.
        return tf.function(
            lambda part: self.model(part, training=False),
            input_signature=[tf.TensorSpec((1, None, None, 3), tf.uint8)],
            autograph=False,
        )


def _levels(noiseprint: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Quantise a noiseprint (h, w) to 0, 1, 2, each of which a third of the usable pixels has: int8 (h, w).

    What a bound is equal to is 1, so that a flat part is zeros, which are left out.
    """
    low, high = np.quantile(noiseprint[usable], (1 / 3, 2 / 3))
    levels: np.ndarray = 1 + (noiseprint > high).astype(np.int8) - (noiseprint < low).astype(np.int8)
    return levels
