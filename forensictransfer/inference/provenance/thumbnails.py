"""Whether the small picture inside a file shows what the large one shows.

A thumbnail is often left as it was when the picture is changed. The picture is reduced to the thumbnail's size in every
way that programs use: as it is stored or upright, whole, between black bars, with its middle or a part without
its edges. Of these the one that agrees best counts. Then it is asked where the two differ more than elsewhere: cells of
a sixteenth of a side, after tone and blur are made alike, since cameras sharpen thumbnails and programs change tone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from forensictransfer.data.decode import as_stored, decode
from forensictransfer.data.encoded import ImageError
from forensictransfer.data.metadata.exif import Exif
from forensictransfer.detectors.signals.luma import luma_of
from forensictransfer.inference.provenance.findings import CARELESS, COMPARED, EDITED, UNREAD
from forensictransfer.results.formats.inspection import ProvenanceFinding

SAME = 0.9  # least correlation of a thumbnail with its picture; docs/provenance.md has what was measured
_MOST_PIXELS = 1 << 20
_SMALLEST, _FLAT = 16, 3.0  # pixels of a side; grey levels that a picture has to vary by to be compared
_BLUR = 1.5  # pixels of a thumbnail: cameras sharpen it, and each program reduces in its own way
_SHIFT = 2  # pixels of a thumbnail
_CUTS = (0.0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.125)  # of a side
_ENOUGH = 0.985  # correlation that needs no search
_LEEWAY = 3  # pixels of a thumbnail, around each
_DARK = 24.0  # grey levels: darker rows and columns at its edges may be bars
_CELLS = 16  # of each side
_DIFFERENT, _TIMES = 20.0, 6.0  # grey levels, and times the median of all cells, that a cell differs by


@dataclass(frozen=True)
class Likeness:
    """How alike a thumbnail and its picture are: correlation, and cells (rows, columns) that differ, bool."""

    correlation: float
    differing: np.ndarray


def thumbnail_findings(
    exif: Exif, photoshop: bytes, pixels: np.ndarray, orientation: int
) -> Iterator[ProvenanceFinding]:
    """Compare the thumbnails of a file with its pixels, uint8 (h, w, 3), upright; orientation: of EXIF, 1 to 8."""
    for source, encoded, size in (("EXIF", exif.thumbnail, exif.raw_size), ("Photoshop", photoshop, None)):
        if not encoded or (source == "Photoshop" and encoded == exif.thumbnail):
            continue
        small = _decoded(encoded, size)
        if small is None:
            yield _finding(source, UNREAD, "a thumbnail that cannot be decoded", CARELESS)
            continue
        alike = likeness(small, pixels, orientation)
        shape = f"thumbnail of {small.shape[1]} x {small.shape[0]}"
        if alike is None:
            yield _finding(source, UNREAD, f"{shape}: it or the picture is too even or small to compare", EDITED)
        elif alike.correlation < SAME:
            words = f"{shape} shows another picture or another part of it: correlation {alike.correlation:.2f}"
            yield _finding(source, COMPARED, words, EDITED)
        elif alike.differing.any():
            words = f"{shape} shows the same picture (correlation {alike.correlation:.2f}) but for {_where(alike)}"
            yield _finding(source, COMPARED, words, EDITED)
        else:
            words = f"{shape} shows the same picture: correlation {alike.correlation:.2f}"
            yield _finding(source, COMPARED, words, "no proof that neither was changed: most programs renew it")


def _finding(source: str, strength: str, words: str, limits: str) -> ProvenanceFinding:
    return ProvenanceFinding(what="thumbnail", source=source, strength=strength, words=words, limits=limits)


def _decoded(encoded: bytes, raw: tuple[int, int] | None) -> np.ndarray | None:
    """Decode a thumbnail, uint8 (h, w, 3); None where it is damaged or no thumbnail's size."""
    if raw is not None:
        width, height = raw
        if len(encoded) != 3 * width * height:
            return None
        return np.frombuffer(encoded, np.uint8).reshape(height, width, 3)
    try:
        return decode(encoded, max_pixels=_MOST_PIXELS, name="the thumbnail")
    except ImageError:
        return None


def likeness(small: np.ndarray, pixels: np.ndarray, orientation: int = 1) -> Likeness | None:
    """Compare a thumbnail with its picture, both uint8 (h, w, 3), the picture upright; None if they tell nothing.

    orientation: of the file, by which thumbnails are not turned.
    """
    thumb = luma_of(small)
    if min(thumb.shape) < _SMALLEST or thumb.std() < _FLAT:
        return None
    reduced = luma_of(np.asarray(Image.fromarray(pixels).reduce(max(1, min(pixels.shape[:2]) // 320))))
    if min(reduced.shape) < _SMALLEST or reduced.std() < _FLAT:
        return None
    turned = [reduced] if orientation == 1 else [reduced, np.ascontiguousarray(as_stored(reduced, orientation))]
    best: tuple[float, np.ndarray, np.ndarray] | None = None
    for picture in turned:
        for part, whole in _placements(thumb, picture):
            if min(part.shape) >= _SMALLEST:
                found = _best_shift(part, _fitted(whole, part.shape))
                best = found if best is None or found[0] > best[0] else best
                if found[0] < _ENOUGH and found[0] > best[0] - 0.1:
                    cut = _best_cut(part, whole)
                    best = cut if cut[0] > best[0] else best
    return None if best is None else Likeness(best[0], _differing(best[1], best[2]))


def _fitted(picture: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Reduce a picture to the size (h, w) of a thumbnail."""
    return np.asarray(Image.fromarray(picture).resize((shape[1], shape[0]), Image.Resampling.BOX), np.float32)


def _best_cut(thumb: np.ndarray, picture: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Try whether the thumbnail shows the picture without some of its edges, which cameras leave out; see _best_shift.

    The search is at half the thumbnail's size, rows first and then columns.
    """
    half = (max(thumb.shape[0] // 2, 1), max(thumb.shape[1] // 2, 1))
    small, place = _blurred(_fitted(thumb, half)), [slice(None), slice(None)]
    for _ in range(2):
        for axis in (0, 1):
            tried = []
            for window in _windows(picture.shape[axis]):
                where = [*place]
                where[axis] = window
                tried.append((_correlation(small, _blurred(_fitted(picture[tuple(where)], half))), window))
            place[axis] = max(tried, key=lambda one: one[0])[1]
    return _best_shift(thumb, _fitted(picture[tuple(place)], thumb.shape))


def _windows(length: int) -> Iterator[slice]:
    """Yield parts of a side: all of it, and with up to an eighth less at either end or both."""
    for share in _CUTS:
        slack = round(length * share)
        for start in sorted({0, slack // 2, slack}):
            yield slice(start, length - slack + start)


def _blurred(plane: np.ndarray) -> np.ndarray:
    return ndimage.gaussian_filter(plane, _BLUR)


def _placements(thumb: np.ndarray, picture: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield parts of the thumbnail with the parts of the picture that they may show."""
    yield thumb, picture
    rows, columns = (np.flatnonzero(np.percentile(thumb, 80, axis=axis) >= _DARK) for axis in (1, 0))
    if rows.size and columns.size and (len(rows), len(columns)) != thumb.shape:
        for less in (0, 1):  # the outermost pixel may be half bar
            yield thumb[rows[0] + less : rows[-1] + 1 - less, columns[0] + less : columns[-1] + 1 - less], picture
    height, width = thumb.shape
    high, wide = picture.shape
    if abs(width * high - height * wide) <= 0.02 * height * wide:
        return
    if width * high > height * wide:  # the thumbnail is wider: bars at its sides, or the picture's top and bottom cut
        inside = round(height * wide / high)
        yield thumb[:, (width - inside) // 2 : (width - inside) // 2 + inside], picture
        kept = round(wide * height / width)
        yield thumb, picture[(high - kept) // 2 : (high - kept) // 2 + kept]
    else:
        inside = round(width * high / wide)
        yield thumb[(height - inside) // 2 : (height - inside) // 2 + inside], picture
        kept = round(high * width / height)
        yield thumb, picture[:, (wide - kept) // 2 : (wide - kept) // 2 + kept]


def _best_shift(one: np.ndarray, other: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Lay two pictures over each other, a few pixels off: programs round differently. Gives what overlaps."""
    one, other = _blurred(one), _blurred(other)
    height, width = one.shape
    best = (-1.0, one, other)
    for down in range(-_SHIFT, _SHIFT + 1):
        for across in range(-_SHIFT, _SHIFT + 1):
            first = one[max(down, 0) : height + min(down, 0), max(across, 0) : width + min(across, 0)]
            second = other[max(-down, 0) : height + min(-down, 0), max(-across, 0) : width + min(-across, 0)]
            found = _correlation(first, second)
            if found > best[0]:
                best = found, first, second
    return best


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    first, second = one - one.mean(), other - other.mean()
    norm = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / norm if norm > 1e-6 else 0.0


def _differing(thumb: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """Mark the cells, bool (rows, columns), in which the two differ much more than elsewhere."""
    thumb, picture = thumb[_SHIFT:-_SHIFT, _SHIFT:-_SHIFT], picture[_SHIFT:-_SHIFT, _SHIFT:-_SHIFT]
    slope, shift = np.polyfit(picture.ravel(), thumb.ravel(), 1)
    fitted = slope * picture + shift
    # What a pixel or two off explains is no difference.
    least, most = ndimage.minimum_filter(fitted, _LEEWAY), ndimage.maximum_filter(fitted, _LEEWAY)
    difference = np.maximum(np.maximum(least - thumb, thumb - most), 0)
    height, width = thumb.shape
    rows = np.array_split(np.arange(height), min(_CELLS, max(height // 4, 1)))
    columns = np.array_split(np.arange(width), min(_CELLS, max(width // 4, 1)))
    cells = np.array([[difference[np.ix_(row, column)].mean() for column in columns] for row in rows])
    return np.asarray(cells > max(_DIFFERENT, _TIMES * float(np.median(cells))))


def _where(alike: Likeness) -> str:
    rows, columns = np.nonzero(alike.differing)
    high, wide = alike.differing.shape
    left, right = columns.min() / wide, (columns.max() + 1) / wide
    top, bottom = rows.min() / high, (rows.max() + 1) / high
    return f"{left:.0%} to {right:.0%} of the width and {top:.0%} to {bottom:.0%} of the height"
