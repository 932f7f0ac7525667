"""Maps as pictures: a PNG for each, and one sheet of all images with their maps beside them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import writing
from forensictransfer.core.visible import visible
from forensictransfer.data.image_file import ImageFile

SHEET = "sheet.png"
MOST_ROWS = 100  # images on the sheet; the maps of others are files all the same
_SIDE = 240  # of a picture on the sheet, pixels
_GAP, _CAPTION = 6, 16
_PAPER, _INK = (255, 255, 255), (60, 60, 60)


class MapSheet:
    """Writes maps into a folder, and keeps a small copy of each for the sheet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: list[ImageMaps] = []
        self._taken: set[str] = set()

    def begin(self, image: ImageFile) -> ImageMaps:
        """Begin the row of an image."""
        stem = _plain(Path(image.name).stem) or "image"
        name, number = stem, 1
        while name.lower() in self._taken:
            number += 1
            name = f"{stem}-{number}"
        self._taken.add(name.lower())
        row = ImageMaps(self.folder, name, image, keeps=len(self.rows) < MOST_ROWS)
        self.rows.append(row)
        return row

    def write(self) -> str | None:
        """Write the sheet, the rows in their order; returns its name, or None where there is nothing on it."""
        rows = [row.small for row in self.rows if row.small]
        if not rows:
            return None
        step = _SIDE + _GAP
        across = max(map(len, rows))
        canvas = Image.new("RGB", (across * step + _GAP, len(rows) * (step + _CAPTION) + _GAP), _PAPER)
        pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(size=12)
        for down, row in enumerate(rows):
            for right, (caption, picture) in enumerate(row):
                x, y = _GAP + right * step, _GAP + down * (step + _CAPTION)
                canvas.paste(picture, (x + (_SIDE - picture.width) // 2, y + (_SIDE - picture.height) // 2))
                text = visible(caption).encode("latin-1", "replace").decode("latin-1")
                while text and pen.textlength(text, font) > _SIDE:
                    text = text[1:]
                pen.text((x, y + _SIDE), text, _INK, font)
        save_picture(canvas, self.folder / SHEET)
        return SHEET


class ImageMaps:
    """The maps of one image. small: captions and pictures for the sheet."""

    def __init__(self, folder: Path, name: str, image: ImageFile, *, keeps: bool) -> None:
        self._folder, self._name, self._keeps = folder, name, keeps
        self._grey = Image.fromarray(image.pixels).convert("L") if keeps else None
        self.small: list[tuple[str, Image.Image]] = []
        if keeps:
            self.small.append((image.name, _small(Image.fromarray(image.pixels))))

    def add(self, detector: str, heat_map: np.ndarray) -> str:
        """Write a map, float (h, w) in [0, 1], as grey PNG, 255 for 1; returns the file's name."""
        name = f"{self._name}.{detector}.png"
        picture = Image.fromarray(np.round(heat_map * 255).astype(np.uint8))
        save_picture(picture, self._folder / name)
        if self._grey is not None:
            self.small.append((detector, _small(_overlay(self._grey, heat_map))))
        return name

    def add_states(self, name: str, pixels: np.ndarray, absent: np.ndarray, present: np.ndarray) -> str:
        """Write a picture of what is absent (red) and present (green) on the image in pale grey; returns its name.

        pixels: uint8 (h, w, 3). absent, present: bool (h, w).
        """
        grey = Image.fromarray(pixels).convert("L")
        pale = 96 + 0.5 * np.asarray(grey, np.float32)
        red, green = 0.6 * absent, 0.35 * present
        planes = (pale * (1 - red - green) + 220 * red, pale * (1 - red) + 40 * green, pale * (1 - red - green))
        picture = Image.fromarray(np.clip(np.stack(planes, axis=-1), 0, 255).round().astype(np.uint8))
        file = f"{self._name}.{_plain(name)}.png"
        save_picture(picture, self._folder / file)
        if self._keeps:
            self.small.append((name, _small(picture)))
        return file


def _plain(name: str) -> str:
    """Make a name one that a file can have everywhere."""
    return re.sub(r"[^\w.-]", "_", name)[:80]


def _overlay(grey: Image.Image, heat_map: np.ndarray) -> Image.Image:
    """Colour what is hot red on a pale grey picture."""
    pale = 96 + 0.5 * np.asarray(grey, np.float32)
    heat = heat_map.astype(np.float32)
    planes = (pale * (1 - heat) + 220 * heat, pale * (1 - heat), pale * (1 - heat))
    return Image.fromarray(np.stack(planes, axis=-1).round().astype(np.uint8))


def _small(picture: Image.Image) -> Image.Image:
    copy = picture.copy()
    copy.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    return copy


def save_picture(picture: Image.Image, path: Path) -> None:
    """Write a picture as PNG, whole or not at all. Raises UserError where it cannot be written."""
    try:
        with writing(path) as temporary:
            picture.save(temporary, "PNG")
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}", code=ErrorCode.PATH_NOT_WRITABLE) from error
