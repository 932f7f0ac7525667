"""How a picture looks as a whole, without forensics: brightness, colour, sharpness, borders, the 8x8 grid.

The grid of JPEG blocks shows in pixels long after the file has become a PNG; where one class was once a JPEG and the
other was not, or was cut off the grid, a detector learns that instead of the forgery (P. Grommelt and others, "Fake or
JPEG? Revealing Common Biases in Generated Image Detection Datasets", 2024). It is found by differences across the
borders of blocks, as in Z. Fan and R. L. de Queiroz, "Identification of Bitmap Compression History", 2003.

Numbers that depend on neighbours are taken from the middle of the image, at most SIDE pixels square and on the grid of
the image's own 8x8 blocks, so that a photograph of 12 megapixels costs little more than its decoding.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageChops

from forensictransfer.data.codecs.containers import Facts

SIDE = 512
GRID_SEEN = 3.0  # how many spreads of the other seven places the strongest must stand out by
STEP = 16  # grey levels; cross differences of the grid are smaller, those of edges larger
FLAT = 2  # grey levels that a line of a flat border, or the channels of a grey picture, may vary by
BORDER = 64  # pixels that a flat border is followed at most
_LEVELS = np.arange(256)


def tone_traces(pixels: np.ndarray) -> Facts:
    """Compute the traces of the part `tone` of decoded pixels, uint8 (h, w, 3)."""
    middle = Image.fromarray(_middle(pixels))
    channels = middle.split()
    red, green, blue = (_mean(channel.histogram()) for channel in channels)
    most = ImageChops.lighter(ImageChops.lighter(channels[0], channels[1]), channels[2])
    least = ImageChops.darker(ImageChops.darker(channels[0], channels[1]), channels[2])
    spread = ImageChops.subtract(most, least)
    picture = middle.convert("L")
    counts = np.array(picture.histogram(), float)
    brightness = _mean(counts)
    grey = np.asarray(picture).astype(np.int16)
    phase, in_place, elsewhere = grid(grey)
    return {
        "brightness": brightness,
        "contrast": float(np.sqrt((counts * (_LEVELS - brightness) ** 2).sum() / counts.sum())),
        "saturation": _mean(spread.histogram()) / 255,
        "warmth (red - blue)": red - blue,
        "tint (green)": green - (red + blue) / 2,
        "clipped pixels": float((counts[0] + counts[255]) / counts.sum()),
        "grey picture": "yes" if spread.getextrema()[1] <= FLAT else "no",  # type: ignore[operator]
        "flat border": float(flat_border(pixels)),
        "sharpness": sharpness(grey),
        "8x8 grid phase": phase,
        "8x8 grid in its place": in_place,
        "8x8 grid elsewhere": elsewhere,
    }


def sharpness(grey: np.ndarray) -> float:
    """Compute log10 of the mean square of the Laplacian over the variance of the picture, int16 (h, w).

    0.0 for a flat one.

    The ratio changes with neither brightness nor contrast. About -3 for a blurred picture, 1.3 for white noise.
    """
    variance = float(grey.var()) if grey.size else 0.0
    if min(grey.shape) < 3 or variance < 0.25:
        return 0.0
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * grey[1:-1, 1:-1]
    energy = np.square(laplacian, dtype=np.float32).mean(dtype=np.float64)
    return float(np.log10((energy + 1e-3) / variance))


def grid(grey: np.ndarray) -> tuple[str, float, float]:
    """Find where the 8x8 grid lies in a grey picture, int16 (h, w), and how much it stands out there and elsewhere.

    The cross difference of each 2x2 neighbourhood, |a + d - b - c|, is zero on slopes and larger across the borders of
    blocks. Cut off at STEP, so that the picture's own edges count little, it is averaged by the neighbourhood's column
    modulo 8, and by its row; a place stands out by its mean over the mean of all eight, less 1.

    Returns:
        The phase "column,row" of the strongest places, "none" unless both stand out from the other seven by GRID_SEEN
        of their spreads; the mean of what the places 0 of columns and rows stand out by (the grid of a picture that was
        never cut); the most of what any other column and row both stand out by.
    """
    if min(grey.shape) < 32:
        return "none", 0.0, 0.0
    crossed = np.minimum(np.abs(grey[1:, 1:] + grey[:-1, :-1] - grey[1:, :-1] - grey[:-1, 1:]), STEP)
    (columns, seen), (rows, also_seen) = _places(crossed.sum(axis=0)), _places(crossed.sum(axis=1))
    column, row = int(columns.argmax()), int(rows.argmax())
    both = np.minimum(columns[None, :], rows[:, None])
    both[0, 0] = -1
    in_place = float(columns[0] + rows[0]) / 2
    return (f"{column},{row}" if seen and also_seen else "none"), in_place, float(both.max())


def _places(sums: np.ndarray) -> tuple[np.ndarray, bool]:
    """Measure how much each of the eight places of a border stands out, (8,), and tell whether one does clearly."""
    places = (np.arange(sums.size) + 1) % 8
    means = np.bincount(places, sums, 8) / np.bincount(places, minlength=8)
    if means.mean() <= 0:
        return np.zeros(8), False
    means = means / means.mean() - 1
    others = np.delete(means, means.argmax())
    return means, bool(means.max() - others.mean() >= GRID_SEEN * max(float(others.std()), 1e-3))


def flat_border(pixels: np.ndarray) -> int:
    """Count the pixels of the widest border, of the four sides, whose lines have one colour each; 0 to BORDER."""
    widest = 0
    for turned in (pixels, pixels[::-1], pixels.swapaxes(0, 1), pixels.swapaxes(0, 1)[::-1]):
        for number, line in enumerate(turned[:BORDER]):
            if (line.max(axis=0).astype(int) - line.min(axis=0)).max() > FLAT:
                break
            widest = max(widest, number + 1)
    return widest


def _mean(histogram: list[int] | np.ndarray) -> float:
    counts = np.asarray(histogram, float)
    return float((counts * _LEVELS).sum() / counts.sum())


def _middle(pixels: np.ndarray) -> np.ndarray:
    """Cut out the middle of an image, at most SIDE pixels square, on its own 8x8 grid."""
    height, width = pixels.shape[:2]
    top, left = (max(0, (side - SIDE) // 2) // 8 * 8 for side in (height, width))
    return np.ascontiguousarray(pixels[top : top + SIDE, left : left + SIDE])
