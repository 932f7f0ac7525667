"""How an image is stored in a data set that is made here."""

from __future__ import annotations

from typing import Any

import tensorflow_datasets as tfds

from .examples import Picture


def picture_features(side: int, encoding: str) -> tfds.features.FeaturesDict:
    """List what is stored of images of side x side pixels; encoding: of their bytes, `jpeg` or `png`."""
    return tfds.features.FeaturesDict(
        {
            "image": tfds.features.Image(shape=(side, side, 3), encoding_format=encoding),
            "label": tfds.features.ClassLabel(names=["real", "fake"]),
            "group": tfds.features.Text(),
            "name": tfds.features.Text(),
            # None or one: reals have no mask, and neither has what is changed all over.
            "mask": tfds.features.Sequence(tfds.features.Image(shape=(side, side, 1), encoding_format="png")),
        }
    )


def as_example(picture: Picture) -> tuple[str, dict[str, Any]]:
    """Give the key and the features of an image."""
    return (
        picture.name,
        {
            "image": picture.encoded,
            "label": picture.label,
            "group": picture.group,
            "name": picture.name,
            "mask": [] if picture.mask is None else [picture.mask],
        },
    )
