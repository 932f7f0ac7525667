"""The detector `exif_consistency`: do all patches of an image agree in what a photograph's EXIF entries would say?

Source: M. Huh, A. Liu, A. Owens, A. Efros, "Fighting Fake News: Image Splice Detection via Learned Self-Consistency",
2018; `network.py` has the network and the loss, `consistency.py` how pairs of patches become a map, README.md of this
folder what is ours, what it costs and what was measured.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from forensictransfer.core.errors import some
from forensictransfer.core.settings import Settings
from forensictransfer.data.cameras.photographs import CameraPhotographs
from forensictransfer.data.image_file import ImageFile
from forensictransfer.data.tiles import Place, cut
from forensictransfer.detectors.base import Evidence
from forensictransfer.detectors.layers import PairLogits
from forensictransfer.detectors.networks.exif_consistency.answers import Answers
from forensictransfer.detectors.networks.exif_consistency.attributes import codes, learnable, told
from forensictransfer.detectors.networks.exif_consistency.batches import draw_batch
from forensictransfer.detectors.networks.exif_consistency.consistency import consensus, normalised_cut
from forensictransfer.detectors.networks.exif_consistency.histories import MADE, History
from forensictransfer.detectors.networks.exif_consistency.network import (
    UNKNOWN,
    balanced_accuracy,
    balanced_loss,
    pair_network,
)
from forensictransfer.detectors.networks.exif_consistency.patches import between, grid
from forensictransfer.detectors.photograph_detector import PhotographDetector

_log = logging.getLogger(__name__)
FEWEST_PATCHES = 9
_CHUNK = 100  # patches that go through the network together
_WEIGHED = 12  # batches of photographs held out that say how much an attribute counts
_CONTENT = "another scene divides an image as another history does: smooth places beside finely textured ones"


@dataclass(frozen=True, eq=False)
class _Material:
    """Photographs, their sizes, int (n, 2), and the codes of their EXIF attributes, int32 (n, a)."""

    photographs: CameraPhotographs
    sizes: np.ndarray
    codes: np.ndarray

    def cut(self, photograph: int, side: int, rng: np.random.Generator) -> np.ndarray:
        """Cut a window at a random place out of a photograph."""
        top, left = (int(rng.integers(0, one - side + 1)) for one in self.sizes[photograph])
        return self.photographs.patches([photograph], top, left, side)[0]


class ExifConsistency(PhotographDetector):
    """A Siamese network that compares patches: how well they fall in two parts, and which the others disagree with.

    Score: 2 less the normalised cut. Map: 1 less the consistency with what mean shift finds. Features: the score, the
    share of the cut's smaller part, the mean of all pairs, the mean of the map, the 5 % quantile of that consistency.
    """

    name: ClassVar[str] = "exif_consistency"
    maps: ClassVar[bool] = True
    fewest: ClassVar[int] = 1
    by_camera: ClassVar[bool] = False

    @classmethod
    def create(cls, crop: int) -> ExifConsistency:
        """Build a fresh network for patches of `crop` pixels (Keras' global seed)."""
        return cls(pair_network(crop, MADE))

    @classmethod
    def build(cls, settings: Settings) -> ExifConsistency:
        """Build a fresh network of the made attributes alone; `prepare` adds those of the photographs."""
        return cls(pair_network(settings.data.crop, MADE))

    @classmethod
    def smallest_photograph(cls, settings: Settings) -> int:
        """Side of the smallest photographs that a patch is cut out of, with its history."""
        return History().window(settings.data.crop)

    def prepare(self, photographs: CameraPhotographs, settings: Settings) -> None:
        """Give a fresh network the attributes that EXIF entries differ in; one with weights keeps its own."""
        if settings.train.weights is not None:
            return
        found = learnable(self._told(photographs))
        _log.info(
            "attributes: %s; of EXIF: %s",
            *(", ".join(MADE), some(found, 12) if found else "none that two values of occur often enough"),
        )
        self.take(pair_network(settings.data.crop, (*found, *MADE)))

    def compile(self, learning_rate: float) -> None:
        """Compile with Adam, the balanced cross-entropy of all pairs and attributes, and their balanced accuracy."""
        accuracy = keras.metrics.MeanMetricWrapper(balanced_accuracy, name="accuracy")
        self.trainer.compile(keras.optimizers.Adam(learning_rate), loss=balanced_loss, metrics=[accuracy])

    def draw(self, photographs: CameraPhotographs, settings: Settings, rng: np.random.Generator) -> tuple[Any, Any]:
        """Draw a batch of pairs: patches uint8 (b, k, k, 3), codes of their attributes int32 (b, a)."""
        patches, values, _ = self._drawn(photographs, settings, rng)
        return patches, values

    def _drawn(
        self, photographs: CameraPhotographs, settings: Settings, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        material = self._material(photographs)
        return draw_batch(
            material.sizes, material.codes, material.cut, patches=settings.train.batch, side=self.side, rng=rng
        )

    def conclude(self, photographs: CameraPhotographs, settings: Settings) -> None:
        """Weigh the attributes by the photographs held out: 2 accuracy - 1 each, nothing for one that is chance."""
        accuracy = np.array([one.accuracy() for one in self.answers(photographs, settings, _WEIGHED)])
        told_apart = "; ".join(f"{name} {one:.2f}" for name, one in zip(self.attributes, accuracy, strict=True))
        _log.info("balanced accuracy on photographs held out: %s", told_apart)
        shares = np.clip(2 * np.nan_to_num(accuracy, nan=0.5) - 1, 0, None)
        self._head.shares.assign(shares if shares.sum() > 0 else np.ones_like(shares))

    def answers(self, photographs: CameraPhotographs, settings: Settings, batches: int) -> list[Answers]:
        """Ask of pairs of patches, of two photographs each, whether they agree in each attribute."""
        found: list[list[np.ndarray]] = [[] for _ in self.attributes]
        for step in range(batches):
            patches, values, whose = self._drawn(
                photographs, settings, np.random.default_rng([17, settings.seed, step])
            )
            logits = self._head(self._features(patches)).numpy()
            for column, parts in enumerate(found):
                code = values[:, column]
                known = (code != UNKNOWN)[:, None] & (code != UNKNOWN) & (whose[:, None] != whose)
                first, second = np.nonzero(np.triu(known, 1))
                same = code[first] == code[second]
                right = (logits[first, second, column] > 0) == same
                parts.append(np.stack([whose[first], whose[second], same, right], axis=1))
        return [Answers(*np.concatenate(parts).T) for parts in found]

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of the attributes, in the order of the logits."""
        return tuple(self._head.attributes)

    @property
    def shares(self) -> np.ndarray:
        """How much each attribute counts in a consistency, (a,)."""
        return np.array(self._head.shares)

    @property
    def side(self) -> int:
        """Side of the patches, pixels."""
        return int(self.model.input_shape[1])

    def unlike(self, model: keras.Model) -> str | None:
        """Refuse what does not compare patches; the attributes and the side of the patches are the file's own."""
        layers = {layer.name: layer for layer in model.layers}
        alike = "features" in layers and isinstance(layers.get("same"), PairLogits) and len(model.input_shape) == 4
        return None if alike else "patches to logits of their pairs"

    def examine(self, images: Sequence[ImageFile]) -> list[Evidence]:
        """Say of each image how far its patches are from agreeing with each other."""
        return [self._examined(image) for image in images]

    def _examined(self, image: ImageFile) -> Evidence:
        height, width = image.size
        if min(height, width) < self.side:
            return Evidence.does_not_apply(f"smaller than the patches of {self.side} pixels")
        pixels = image.as_stored(image.pixels)
        size = (pixels.shape[0], pixels.shape[1])
        tops, lefts = grid(*size, self.side)
        places = [Place(top, left) for top in tops for left in lefts]
        if len(places) < FEWEST_PATCHES:
            return Evidence.does_not_apply(f"fewer than {FEWEST_PATCHES} patches of {self.side} pixels")
        matrix = self.consistency(pixels, places)
        part, cut_ = normalised_cut(matrix)
        mode = consensus(matrix)
        heat = between((1 - mode).reshape(len(tops), len(lefts)), tops, lefts, self.side, size)
        within, across = matrix[~part][:, ~part].mean(), matrix[part][:, ~part].mean() if part.any() else np.nan
        said = (
            f"{part.mean():.0%} of the patches are {across:.0%} consistent with the others, which are {within:.0%} "
            "with each other"
        )
        return Evidence(
            score=2 - cut_,
            heat_map=image.upright(np.clip(heat, 0, 1).astype(np.float32)),
            reasons=(said, _CONTENT) if part.any() else ("all patches agree",),
            features=np.array(
                [2 - cut_, part.mean(), matrix.mean(), 1 - mode.mean(), np.quantile(mode, 0.05)], np.float32
            ),
        )

    def consistency(self, pixels: np.ndarray, places: Sequence[Place]) -> np.ndarray:
        """Compare all pairs of patches of an image, uint8 (h, w, 3) as stored: float32 (n, n) in [0, 1]."""
        features = self._features(cut(pixels, places, self.side))
        found: np.ndarray = self._head.consistency(features).numpy()
        return found

    def _features(self, patches: np.ndarray) -> tf.Tensor:
        encode = self.once("encode", self._encoder)
        parts = [encode(patches[first : first + _CHUNK]) for first in range(0, len(patches), _CHUNK)]
        return tf.concat(parts, axis=0)

    @property
    def _head(self) -> PairLogits:
        return self.model.get_layer("same")

    def _encoder(self) -> Any:
        encoder = keras.Model(self.model.input, self.model.get_layer("features").output)
        return tf.function(
            lambda patches: encoder(patches, training=False),
            input_signature=[tf.TensorSpec((None, self.side, self.side, 3), tf.uint8)],
        )

    def _material(self, photographs: CameraPhotographs) -> _Material:
        def make() -> _Material:
            sizes = np.array([photographs.size(index) for index in range(len(photographs.images))])
            own = [name for name in self.attributes if name not in MADE]
            return _Material(photographs, sizes, codes(self._told(photographs), own))

        return self.once(photographs, make)

    @staticmethod
    def _told(photographs: CameraPhotographs) -> list[dict[str, str]]:
        return [told(ImageFile.of_record(record).container.exif) for record in photographs.images.records]
