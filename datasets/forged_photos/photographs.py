"""The photographs, where they come from, and the windows that are cut out of them."""

from __future__ import annotations

import functools
import importlib.resources
from dataclasses import dataclass

import numpy as np
from PIL import Image

SPLITS = ("train", "validation", "test")
CROP = 128
GRID = 8
MAX_SATURATED = 0.25
MIN_DEVIATION = 4.0


@dataclass(frozen=True)
class Photograph:
    """A file inside an installed package.

    Photographs of one scene share a group, and a group stands in one split. `scale` shrinks photographs that carry the
    8 x 8 grid of an earlier JPEG compression (or, like the retina, have more pixels than detail).
    """

    file: str
    split: str
    colour: bool
    scale: float = 1.0
    group: str = ""
    package: str = "skimage/data"

    @property
    def name(self) -> str:
        """File name without suffix."""
        return self.file.split(".")[0]

    @property
    def scene(self) -> str:
        """What keeps photographs of the same thing together."""
        return self.group or self.name


PHOTOGRAPHS = (
    Photograph("motorcycle_left.png", "train", colour=True, group="motorcycle"),
    Photograph("motorcycle_right.png", "train", colour=True, group="motorcycle"),
    Photograph("chelsea.png", "train", colour=True),
    Photograph("flower.jpg", "train", colour=True, scale=0.75, package="sklearn/datasets/images"),
    Photograph("ihc.png", "train", colour=True, scale=0.75),
    Photograph("hubble_deep_field.jpg", "train", colour=True, scale=0.75),
    Photograph("brick.png", "train", colour=False),
    Photograph("grass.png", "train", colour=False),
    Photograph("moon.png", "train", colour=False),
    Photograph("clock_motion.png", "train", colour=False),
    Photograph("coffee.png", "validation", colour=True),
    Photograph("retina.jpg", "validation", colour=True, scale=0.5),
    Photograph("camera.png", "validation", colour=False),
    Photograph("page.png", "validation", colour=False),
    Photograph("astronaut.png", "test", colour=True),
    Photograph("china.jpg", "test", colour=True, scale=0.75, package="sklearn/datasets/images"),
    Photograph("rocket.jpg", "test", colour=True, scale=0.75),
    Photograph("coins.png", "test", colour=False),
    Photograph("gravel.png", "test", colour=False),
    Photograph("text.png", "test", colour=False),
)


@dataclass(frozen=True)
class Window:
    """A square of side x side pixels at a multiple of GRID in a photograph."""

    photograph: Photograph
    top: int
    left: int
    side: int = CROP

    def cut(self) -> np.ndarray:
        """Return the pixels, uint8 (side, side, 3), a copy."""
        return pixels(self.photograph)[self.top : self.top + self.side, self.left : self.left + self.side].copy()


def of_split(split: str) -> list[Photograph]:
    """List the photographs of one split, in the order of the table."""
    return [photograph for photograph in PHOTOGRAPHS if photograph.split == split]


@functools.cache
def pixels(photograph: Photograph) -> np.ndarray:
    """Load the photograph as it is used: uint8 (h, w, 3), shrunk if the table says so, sides multiples of GRID.

    Grey photographs have three equal channels.

    Raises:
        FileNotFoundError: the installed package does not carry the file.
    """
    package, _, folder = photograph.package.partition("/")
    file = importlib.resources.files(package).joinpath(folder, photograph.file)
    if not file.is_file():
        raise FileNotFoundError(f"the installed {package} does not carry {photograph.file} in {folder}/")
    with file.open("rb") as stream, Image.open(stream) as opened:
        image = opened.convert("RGB")
    if photograph.scale != 1:
        size = (round(image.width * photograph.scale), round(image.height * photograph.scale))
        image = image.resize(size, Image.Resampling.LANCZOS)
    array = np.asarray(image)
    height, width = (side // GRID * GRID for side in array.shape[:2])
    array = np.ascontiguousarray(array[:height, :width])
    array.flags.writeable = False
    return array


def to_grey(image: np.ndarray) -> np.ndarray:
    """Put the luminance of a uint8 (h, w, 3) image in three equal channels."""
    return np.asarray(Image.fromarray(image).convert("L").convert("RGB"))


@functools.cache
def windows(photograph: Photograph, side: int = CROP) -> tuple[Window, ...]:
    """Find all windows of a photograph that show something; none in one that is smaller.

    A window counts if at most MAX_SATURATED of its pixels are black or white and its luminance deviates by at least
    MIN_DEVIATION grey levels (standard deviation). The rule sees the photograph only, never the class.
    """
    if min(pixels(photograph).shape[:2]) < side:
        return ()
    luminance = pixels(photograph).astype(np.int64) @ np.array([299, 587, 114])
    black_or_white = (luminance <= 4_000) | (luminance >= 251_000)
    saturated = _window_means(black_or_white.astype(np.float64), side)
    luminance = (luminance // 1000).astype(np.float64)
    variance = _window_means(luminance**2, side) - _window_means(luminance, side) ** 2
    good = (saturated <= MAX_SATURATED) & (variance >= MIN_DEVIATION**2)
    return tuple(Window(photograph, int(top) * GRID, int(left) * GRID, side) for top, left in np.argwhere(good))


def _window_means(values: np.ndarray, side: int) -> np.ndarray:
    """Compute the mean over every window whose corner stands on the grid; sums of integers, hence exact."""
    table = np.pad(values.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    first = table[:-side:GRID, :-side:GRID]
    sums = table[side::GRID, side::GRID] - table[:-side:GRID, side::GRID] - table[side::GRID, :-side:GRID] + first
    return sums / side**2


def draw(split: str, per_class: int, rng: np.random.Generator, side: int = CROP) -> list[tuple[Window, Window]]:
    """Draw pairs of windows (for a real, for a fake image), drawn alike: the two of a pair share the scene, no more.

    Every scene of the split that is large enough gives as many pairs as the others, up to one, and no window is drawn
    twice.
    """
    scenes: dict[str, list[Window]] = {}
    for photograph in of_split(split):
        if found := windows(photograph, side):
            scenes.setdefault(photograph.scene, []).extend(found)
    shares = {scene: per_class // len(scenes) for scene in scenes}
    for scene in rng.permutation(list(scenes))[: per_class % len(scenes)]:
        shares[str(scene)] += 1
    pairs = []
    for scene, candidates in scenes.items():
        chosen = rng.choice(len(candidates), size=(shares[scene], 2), replace=False)
        pairs += [(candidates[real], candidates[fake]) for real, fake in chosen]
    return pairs
