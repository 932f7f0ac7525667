"""The images of one configuration: which windows, which camera, what is pasted in, and how they are saved."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from ..forged_photos.examples import Picture, encode, encode_mask
from ..forged_photos.forgeries import donor_for, pasted
from ..forged_photos.photographs import Window, draw
from .camera import Camera
from .histories import HISTORIES, LARGEST, History, opened

SEED = 20261128


def pictures(config: str, split: str, per_class: int) -> Iterator[Picture]:
    """Yield real and fake images in turn, `per_class` of each.

    The two classes are equal in all but the forgery: the windows of a scene are drawn alike and go to one class or the
    other by chance, and the two images of a pair have the same camera and the same history.
    """
    rng = np.random.default_rng([SEED, *f"{config}/{split}".encode()])
    pairs = draw(split, per_class, rng, LARGEST)
    suffix = "png" if config == "raw" else "jpg"
    for index, ((real, fake), stream) in enumerate(zip(pairs, rng.spawn(per_class), strict=True)):
        history, camera = HISTORIES[config](stream), Camera.draw(stream)
        for label, window in enumerate((real, fake)):
            image, mask = history.before(_taken(window, history, camera, stream)), None
            if label:
                image, region = pasted(image, partial(_donor, fake, history, stream), stream)
                mask = encode_mask(region)
            kind = "fake" if label else "real"
            name = f"{split}/{kind}/{window.photograph.name}_{index:03d}.{suffix}"
            yield Picture(name, label, window.photograph.scene, history.saved(image), mask)


def _taken(window: Window, history: History, camera: Camera, rng: np.random.Generator) -> np.ndarray:
    return camera.take(window.cut()[: history.window, : history.window], rng)


def _donor(window: Window, history: History, rng: np.random.Generator) -> np.ndarray:
    """Take a photograph of another scene with another camera; compressed where the host is cut off its grid."""
    taken = Camera.draw(rng).take(donor_for(window.photograph, rng), rng)
    return taken if history.shift == (0, 0) or history.first is None else opened(encode(taken, history.first))
