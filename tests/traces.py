"""Pictures with a known trace, made here: smooth noise with grain, JPEG at a known quality and offset, a mosaic."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from scipy.ndimage import convolve, gaussian_filter, map_coordinates, zoom


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Something like a photograph, uint8 (h, w, 3): smooth noise of several octaves, and grain."""
    rng = np.random.default_rng(seed)
    total = np.full((height, width), 128.0)
    for cells, amplitude in ((3, 40.0), (8, 20.0), (24, 10.0)):
        coarse = rng.normal(size=(cells, cells))
        total += amplitude * zoom(coarse, (height / cells, width / cells), order=3)[:height, :width]
    grain = rng.normal(scale=3.0, size=(height, width, 3))
    return np.clip(total[..., None] + grain, 0, 255).round().astype(np.uint8)


def encoded(pixels: np.ndarray, quality: int, **options: object) -> bytes:
    """A JPEG file of the pixels, without subsampling unless `options` say otherwise."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", **{"quality": quality, "subsampling": "4:4:4", **options})
    return stream.getvalue()


def compressed(pixels: np.ndarray, quality: int, down: int = 0, right: int = 0) -> np.ndarray:
    """The pixels after JPEG whose blocks begin at (down, right), each in 0 to 7; shape as before."""
    above, before = (8 - down) % 8, (8 - right) % 8
    padded = np.pad(pixels, ((above, 0), (before, 0), (0, 0)), mode="reflect")
    with Image.open(io.BytesIO(encoded(padded, quality))) as image:
        return np.array(image.convert("RGB"))[above:, before:]


def partly_of_another_grid(height: int, width: int) -> np.ndarray:
    """A picture whose blocks of JPEG begin elsewhere in its left third, uint8 (h, w, 3)."""
    pixels = picture(height, width)
    found = compressed(pixels, 80)
    found[:, : width // 3] = compressed(pixels, 80, 3, 5)[:, : width // 3]
    return found


def partly_compressed(height: int, width: int) -> np.ndarray:
    """A picture that was compressed at quality 60 but for its left third, uint8 (h, w, 3)."""
    pixels = picture(height, width)
    found = compressed(pixels, 60)
    found[:, : width // 3] = pixels[:, : width // 3]
    return found


def partly_compressed_on_another_grid(height: int, width: int) -> np.ndarray:
    """A picture that was compressed at quality 60 on another grid but for its left third, uint8 (h, w, 3)."""
    pixels = picture(height, width)
    found = compressed(pixels, 60, 3, 5)
    found[:, : width // 3] = pixels[:, : width // 3]
    return found


def compressed_on_the_left(height: int, width: int) -> np.ndarray:
    """A picture whose left third was compressed at quality 70, uint8 (h, w, 3)."""
    found = picture(height, width)
    found[:, : width // 3] = compressed(found, 70)[:, : width // 3]
    return found


def demosaiced(pixels: np.ndarray, pattern: tuple[int, int] = (0, 0)) -> np.ndarray:
    """The pixels as a Bayer sensor records them, red first at `pattern`, each colour filled up bilinearly."""
    row, column = ((index - first) % 2 == 0 for index, first in zip(np.indices(pixels.shape[:2]), pattern, strict=True))
    cross, square = np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]]) / 4, np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 4
    planes = [
        convolve(pixels[..., colour] * recorded.astype(float), kernel, mode="mirror")
        for colour, (recorded, kernel) in enumerate(
            [(row & column, square), (row != column, cross), (~row & ~column, square)]
        )
    ]
    return np.stack(planes, axis=-1).round().astype(np.uint8)


def without_mosaic_on_the_left(height: int, width: int) -> np.ndarray:
    """A picture that was recorded through a mosaic but for its left third, uint8 (h, w, 3)."""
    pixels = picture(height, width)
    found = demosaiced(pixels)
    found[:, : width // 3] = pixels[:, : width // 3]
    return found


def pulled_apart(pixels: np.ndarray, red: float, blue: float, centre: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """The pixels through a lens that enlarges red and blue by 1 + so much, about (right, down) of the middle."""
    height, width = pixels.shape[:2]
    y, x = np.indices((height, width), float)
    down, right = y - (height - 1) / 2 - centre[1], x - (width - 1) / 2 - centre[0]
    found = pixels.astype(float)
    for plane, growth in ((0, red), (2, blue)):
        places = [y - growth / (1 + growth) * down, x - growth / (1 + growth) * right]
        found[..., plane] = map_coordinates(found[..., plane], places, order=3, mode="nearest")
    return np.clip(found, 0, 255).round().astype(np.uint8)


def pulled_apart_the_other_way_on_the_left(height: int, width: int) -> np.ndarray:
    """A picture through a lens, another one in the left third, uint8 (h, w, 3)."""
    pixels = fine_picture(height, width)
    found = pulled_apart(pixels, 4e-3, -3e-3)
    found[:, : width // 3] = pulled_apart(pixels, -4e-3, 3e-3)[:, : width // 3]
    return found


def fine_picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Something like a photograph of leaves, uint8 (h, w, 3): `picture`, and edges of some pixels everywhere."""
    fine = gaussian_filter(np.random.default_rng(seed + 100).normal(size=(height, width, 1)), (2, 2, 0))
    return np.clip(picture(height, width, seed) * 0.6 + 50 + 150 * fine, 0, 255).round().astype(np.uint8)


def smooth_on_the_left(height: int, width: int) -> np.ndarray:
    """A picture that is blurred by a pixel in its left third, uint8 (h, w, 3)."""
    found = picture(height, width)
    found[:, : width // 3] = gaussian_filter(found, (1, 1, 0))[:, : width // 3]
    return found


def grainy_on_the_left(height: int, width: int) -> np.ndarray:
    """A picture with three times the grain in its left quarter, uint8 (h, w, 3)."""
    found = picture(height, width)
    more = np.random.default_rng(9).normal(scale=9.0, size=(height, width // 4, 3))
    found[:, : width // 4] = np.clip(found[:, : width // 4] + more, 0, 255).round().astype(np.uint8)
    return found


def twice_on_the_left(height: int, width: int) -> np.ndarray:
    """A picture whose left eighth is there a second time, a quarter of the picture further, uint8 (h, w, 3)."""
    found = picture(height, width)
    side = width // 8
    found[4:-4, 2 * side : 3 * side] = found[4:-4, 4 : 4 + side]
    return found
