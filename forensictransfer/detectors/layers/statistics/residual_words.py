"""How often runs of four neighbouring residuals occur, in luma and in colour."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from forensictransfer.detectors.layers.statistics.planes import PLANES, whole_planes
from forensictransfer.detectors.runs import RUN, merged_runs

_CUT = 2
_LEVELS = 2 * _CUT + 1


class Vocabulary(NamedTuple):
    """Which residuals of which plane are counted.

    plane: one of PLANES. order: of the difference, 1 or 3. low, high: the absolute residual from which the level is 1,
    and from which it is 2.
    """

    plane: str
    order: int
    low: int
    high: int


@keras.saving.register_keras_serializable("forensictransfer")
class ResidualWords(keras.layers.Layer):
    """Square roots of the frequencies of runs of four quantised residuals ("words"), for several vocabularies.

    Of a plane x, whole numbers, down the columns and along the rows:

        r(i) = x(i+1) - x(i)    or    x(i) - 3 x(i+1) + 3 x(i+2) - x(i+3),
        k(i) = sign(r) ([|r| >= low] + [|r| >= high]), -2..2

    and the frequencies of (k(j), k(j+1), k(j+2), k(j+3)), with j along the derivative and with j across it, both
    directions of the derivative added up; a word, its reverse and the negatives of both are one: 169 words. Of the
    overlapping runs every second one is counted along j, in every second line: its neighbours say nearly the same, and
    counting is what takes the time.

    Shapes: uint8 (b, h, w, 3), h and w at least 8 -> float32 (b, 338 len(vocabularies)), each 338 values with squares
    that sum to 2 (along, then across).

    Sources: J. Fridrich, J. Kodovsky, "Rich Models for Steganalysis of Digital Images", 2012; H. Li, B. Li, S. Tan, J.
    Huang, "Detection of Deep Network Generated Images Using Disparities in Color Components", 2018 (chroma, saturation,
    first order). The planes and thresholds are ours.
    """

    def __init__(self, vocabularies: Sequence[Sequence[Any]], **kwargs: Any) -> None:
        """Create the layer; vocabularies: what `Vocabulary` holds, of each. Raises ValueError for unknown planes."""
        super().__init__(**kwargs)
        self.vocabularies = tuple(Vocabulary(*one) for one in vocabularies)
        for plane, order, low, high in self.vocabularies:
            if plane not in PLANES or order not in (1, 3) or not 0 < low < high:
                raise ValueError(f"expected a plane of {PLANES}, order 1 or 3 and 0 < low < high, got {plane, order}")
        # Vocabularies of one order are computed together, as planes of one tensor: fewer and longer operations.
        self._orders = tuple(dict.fromkeys(one.order for one in self.vocabularies))
        together = [one for order in self._orders for one in self.vocabularies if one.order == order]
        self._places = [together.index(one) for one in self.vocabularies]
        self._merge = merged_runs(_CUT)
        # Compiled in steps: as one step, planes and levels would be computed again for each of the runs' four places.
        self._planes = tf.function(self._stacked_planes, jit_compile=True, autograph=False)
        self._pairs = tf.function(self._paired_levels, jit_compile=True, autograph=False)
        self._words = tf.function(_words, jit_compile=True, autograph=False)

    def call(self, image: tf.Tensor) -> tf.Tensor:
        """Count the words of a batch of images."""
        along: list[tf.Tensor] = []
        across: list[tf.Tensor] = []
        for words in self._words(self._pairs(self._planes(image))):
            for kind, found in zip(words, (along, across), strict=True):
                counts = tf.raw_ops.DenseBincount(
                    input=kind, size=_LEVELS**RUN, weights=tf.constant([], tf.float32), binary_output=False
                )
                merged = tf.matmul(counts, tf.constant(self._merge)) / float(kind.shape[1])
                found.append(tf.reshape(merged, [-1, image.shape[0] or tf.shape(image)[0], merged.shape[1]]))
        frequencies = tf.concat([tf.concat(along, axis=0), tf.concat(across, axis=0)], axis=-1)
        ordered = tf.transpose(tf.gather(frequencies, self._places), [1, 0, 2])
        return tf.sqrt(tf.reshape(ordered, [-1, prod(ordered.shape[1:])]))

    def _stacked_planes(self, image: tf.Tensor) -> list[tf.Tensor]:
        """Compute the planes of each order's vocabularies, int16 (planes, b, h, w)."""
        planes = whole_planes(image)
        return [tf.stack([planes[one.plane] for one in self.vocabularies if one.order == o]) for o in self._orders]

    def _paired_levels(self, stacks: list[tf.Tensor]) -> list[list[tf.Tensor]]:
        """Compute 5 k(j) + k(j+1) (levels from 0): for each order along and across, down and along the rows."""
        found = []
        for order, planes in zip(self._orders, stacks, strict=True):
            low, high = (
                tf.reshape(tf.constant(limits, tf.int16), [-1, 1, 1, 1])
                for limits in zip(
                    *((one.low, one.high) for one in self.vocabularies if one.order == order), strict=True
                )
            )
            down = _level(_difference(planes, order, 2), low, high)
            right = _level(_difference(planes, order, 3), low, high)
            found.append([_pair(down, 2), _pair(right, 3), _pair(down, 3), _pair(right, 2)])
        return found

    def compute_output_spec(self, image: keras.KerasTensor) -> keras.KerasTensor:
        """Return the shape and type of the descriptor, without computing it."""
        if min(image.shape[1:3]) < 2 * RUN:
            raise ValueError(f"expected sides of at least {2 * RUN} pixels, got {image.shape[1:3]}")
        width = 2 * len(self.vocabularies) * self._merge.shape[1]
        return keras.KerasTensor((image.shape[0], width), dtype="float32")

    @property
    def multiply_adds(self) -> int:
        """Of one image: planes, differences, and the sums over words that are one. Counting multiplies nothing."""
        orders = sum(2 * order for _, order, _, _ in self.vocabularies)
        return prod(self.input.shape[1:3]) * (10 + orders) + 2 * len(self.vocabularies) * self._merge.size

    def get_config(self) -> dict[str, Any]:
        """Return every argument of the constructor."""
        return {**super().get_config(), "vocabularies": [list(one) for one in self.vocabularies]}


def _difference(planes: tf.Tensor, order: int, axis: int) -> tf.Tensor:
    """Compute the difference of first or third order along an axis (2: down the columns, 3: along the rows)."""
    if axis == 2:
        if order == 1:
            return planes[:, :, 1:] - planes[:, :, :-1]
        return planes[:, :, :-3] - 3 * planes[:, :, 1:-2] + 3 * planes[:, :, 2:-1] - planes[:, :, 3:]
    if order == 1:
        return planes[..., 1:] - planes[..., :-1]
    return planes[..., :-3] - 3 * planes[..., 1:-2] + 3 * planes[..., 2:-1] - planes[..., 3:]


def _level(residual: tf.Tensor, low: tf.Tensor, high: tf.Tensor) -> tf.Tensor:
    """Quantise residuals to uint8 levels 0..4, of which 2 is zero."""

    def whole(truth: tf.Tensor) -> tf.Tensor:
        return tf.cast(truth, tf.uint8)

    return whole(residual >= low) + whole(residual >= high) + whole(residual > -low) + whole(residual > -high)


def _pair(level: tf.Tensor, axis: int) -> tf.Tensor:
    """Join neighbours along an axis to uint8 numbers 0..24."""
    if axis == 2:
        return level[:, :, :-1] * _LEVELS + level[:, :, 1:]
    return level[..., :-1] * _LEVELS + level[..., 1:]


def _words(pairs: list[list[tf.Tensor]]) -> list[tuple[tf.Tensor, tf.Tensor]]:
    """Join pairs to words 0..624, int32 (planes b, n): for each order those along the derivative, those across it."""
    found = []
    for down_along, right_along, down_across, right_across in pairs:
        along = tf.concat([_word(down_along, 2), _word(right_along, 3)], axis=1)
        found.append((along, tf.concat([_word(down_across, 3), _word(right_across, 2)], axis=1)))
    return found


def _word(pair: tf.Tensor, axis: int) -> tf.Tensor:
    """Join a pair and the next but one along an axis: every second, in every second line."""
    if axis == 2:
        first, second = pair[:, :, :-2:2, ::2], pair[:, :, 2::2, ::2]
    else:
        first, second = pair[:, :, ::2, :-2:2], pair[:, :, ::2, 2::2]
    word = tf.cast(first, tf.int32) * _LEVELS**2 + tf.cast(second, tf.int32)
    return tf.reshape(word, [-1, prod(word.shape[2:])])
