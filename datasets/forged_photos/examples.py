"""The images of one configuration: which windows, what is done to them, and how they are saved."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from . import resynthesis
from .forgeries import PROCEDURES, Forged
from .photographs import CROP, Photograph, Window, draw, of_split, pixels, to_grey

SEED = 20261123
QUALITIES = (90, 97)


@dataclass(frozen=True)
class Picture:
    """One finished image with its label (0 real, 1 fake), encoded.

    mask: PNG of the image's size, 255 where a local forgery changed it; None for reals and what is changed all over.
    """

    name: str
    label: int
    group: str
    encoded: bytes
    mask: bytes | None = None


Forger = Callable[[Window, np.random.Generator], Forged]


def forgers(config: str, *, steps: int = resynthesis.STEPS) -> dict[str, Forger]:
    """Return the procedures of a configuration by name; training the autoencoder first where there is one."""
    if config in PROCEDURES:
        return dict(PROCEDURES[config])
    kind = config.removeprefix("resynth_")
    remake = resynthesis.train([pixels(photograph) for photograph in of_split("train")], kind, steps=steps)

    @functools.cache
    def remade(photograph: Photograph) -> np.ndarray:
        made = remake(pixels(photograph))
        # A grey photograph stays grey: a tint of the network would tell the classes apart without any forensics.
        return made if photograph.colour else to_grey(made)

    def cut(window: Window, rng: np.random.Generator) -> Forged:
        image = remade(window.photograph)[window.top : window.top + CROP, window.left : window.left + CROP]
        return Forged(image, np.ones(image.shape[:2], bool))

    return {"": cut}


def pictures(config: str, split: str, per_class: int, by_name: dict[str, Forger]) -> Iterator[Picture]:
    """Yield real and fake images in turn, `per_class` of each; the procedures take turns among the fakes.

    The two classes are equal in all but the forgery: the windows of a scene are drawn alike and go to one class or the
    other by chance, and each scene's fakes are saved with the same JPEG qualities as its reals, in another order.
    """
    rng = np.random.default_rng([SEED, *f"{config}/{split}".encode()])
    pairs = draw(split, per_class, rng)
    qualities = rng.integers(QUALITIES[0], QUALITIES[1] + 1, size=per_class)
    others = qualities.copy()
    scenes = np.array([real.photograph.scene for real, _ in pairs])
    for scene in dict.fromkeys(scenes):
        others[scenes == scene] = rng.permutation(qualities[scenes == scene])
    procedures = list(by_name)
    for index, ((real, fake), streams) in enumerate(zip(pairs, rng.spawn(per_class), strict=True)):
        procedure = procedures[index % len(procedures)]
        forged = by_name[procedure](fake, streams)
        yield _picture(real, real.cut(), 0, int(qualities[index]), f"{split}/real", index, "")
        mask = encode_mask(forged.region) if (forged.image != fake.cut()).any() else None
        yield _picture(fake, forged.image, 1, int(others[index]), f"{split}/fake", index, procedure, mask)


def _picture(
    window: Window,
    image: np.ndarray,
    label: int,
    quality: int,
    folder: str,
    index: int,
    procedure: str,
    mask: bytes | None = None,
) -> Picture:
    photograph = window.photograph
    tail = f"_{procedure}" if procedure else ""
    return Picture(
        name=f"{folder}/{photograph.name}_{index:03d}{tail}.jpg",
        label=label,
        group=photograph.scene,
        encoded=encode(image, quality),
        mask=mask,
    )


def encode(image: np.ndarray, quality: int) -> bytes:
    """Encode a uint8 (h, w, 3) image as JPEG, 4:2:0, with the standard's tables scaled by `quality`."""
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, format="JPEG", quality=quality, subsampling=2)
    return stream.getvalue()


def encode_mask(region: np.ndarray) -> bytes | None:
    """Encode a region, bool (h, w), as PNG with one channel, 255 inside; None where it is nothing or all."""
    if region.all() or not region.any():
        return None
    stream = io.BytesIO()
    Image.fromarray(region.astype(np.uint8) * 255).save(stream, format="PNG")
    return stream.getvalue()
