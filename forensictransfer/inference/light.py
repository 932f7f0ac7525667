"""Ask from where the light falls on objects of an image that somebody has outlined, and whether two of them differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.signals.lighting.direction import Direction, apart, find_direction, p_value
from forensictransfer.detectors.signals.lighting.outline import Outline, find_outline, light_of
from forensictransfer.detectors.signals.luma import luma_of
from forensictransfer.inference.inputs import folder_for_maps
from forensictransfer.inference.pictures import save_picture
from forensictransfer.results.formats.document import write_document
from forensictransfer.results.formats.light import LightComparison, LightFound, LitObject

NAME, PICTURE = "light.json", "light.png"
UNLIKELY = 0.01  # p value, divided by the number of pairs, below which two lights differ
_MARKED = 127  # grey level above which a colour of a mask is there
_COLOURS = ((220, 50, 32), (0, 90, 181), (230, 159, 0), (0, 158, 115), (204, 121, 167))


def find_light(image: str | Path, masks: Sequence[str | Path], out: str | Path | None = None) -> LightFound:
    """Find the light's direction on each object and compare each two.

    Args:
        image: an image file.
        masks: an image of the same size for each object: white where it is, red where the outline is not to be used.
        out: a folder that is new or empty: outlines and arrows on the image, light.png, and light.json.
    Raises:
        UserError: no mask, one of another size or without an object, a file that cannot be read, a folder that is not
            empty.
    """
    if not masks:
        raise UserError("light: expected at least one mask of an object", code=ErrorCode.COMMAND_LINE)
    folder = None if out is None else folder_for_maps(out)
    picture = ImageFile(image)
    brightness = light_of(luma_of(picture.pixels))
    outlines: dict[str, Outline] = {}
    lights: dict[str, Direction | str] = {}
    for mask in dict.fromkeys(map(str, masks)):
        outlines[mask] = find_outline(brightness, *_object_of(mask, picture))
        lights[mask] = find_direction(outlines[mask])
    comparisons = [
        LightComparison(
            one=one,
            other=other,
            apart=abs(float(apart(first.degrees, second.degrees))),
            error=float(np.hypot(first.error, second.error)),
            p=p_value(first, second),
        )
        for (one, first), (other, second) in combinations(lights.items(), 2)
        if isinstance(first, Direction) and isinstance(second, Direction)
    ]
    if folder is not None:
        save_picture(_drawn(picture.pixels, outlines, lights), folder / PICTURE)
    height, width = picture.size
    found = LightFound(
        name=picture.name,
        sha256=picture.sha256,
        width=width,
        height=height,
        objects=tuple(_said(name, light) for name, light in lights.items()),
        comparisons=tuple(comparisons),
        differ=any(one.p < UNLIKELY / len(comparisons) for one in comparisons),
        picture=None if folder is None else PICTURE,
    )
    if folder is not None:
        write_document(folder / NAME, found)
    return found


def _object_of(mask: str, image: ImageFile) -> tuple[np.ndarray, np.ndarray]:
    """Read a mask: where the object is, and where its outline is not to be used, bool (h, w) both."""
    file = ImageFile(mask)
    pixels = file.pixels
    if pixels.shape[:2] != image.size:
        (height, width), (rows, columns) = image.size, pixels.shape[:2]
        raise UserError(
            f"{mask}: expected a mask of the image's size, {width} x {height}, got {columns} x {rows}",
            code=ErrorCode.MASKS_UNSUITABLE,
        )
    red, green = (pixels[..., plane] > _MARKED for plane in (0, 1))
    if not green.any() or green.all():
        raise UserError(
            f"{mask}: expected an object in white on black, got {'nothing but white' if green.any() else 'no white'}",
            code=ErrorCode.MASKS_UNSUITABLE,
        )
    return green, red & ~green


def _said(name: str, light: Direction | str) -> LitObject:
    if isinstance(light, str):
        return LitObject(name=name, applies=False, reason=light)
    low, high = light.interval
    return LitObject(
        name=name,
        degrees=light.degrees,
        error=light.error,
        low=low,
        high=high,
        explained=light.explained,
        points=light.points,
    )


def _drawn(pixels: np.ndarray, outlines: Mapping[str, Outline], lights: Mapping[str, Direction | str]) -> Image.Image:
    """Draw the points of each outline that were used, an arrow to the light, and its 95 % interval."""
    pale = Image.fromarray(pixels).convert("L").point(lambda level: round(96 + 0.5 * level)).convert("RGB")
    pen, size = ImageDraw.Draw(pale), max(1, round(min(pixels.shape[:2]) / 300))
    for number, (name, outline) in enumerate(outlines.items()):
        colour, light = _COLOURS[number % len(_COLOURS)], lights[name]
        for x, y in zip(outline.x, outline.y, strict=True):
            pen.ellipse((x - size, y - size, x + size, y + size), fill=colour)
        if isinstance(light, str):
            continue
        x, y = float(outline.x.mean()), float(outline.y.mean())
        length = 0.8 * float(np.hypot(outline.x - x, outline.y - y).mean())
        # PIL counts with the clock.
        low, high = light.interval
        pen.arc((x - length, y - length, x + length, y + length), -high, -low, fill=colour, width=2 * size)
        ends = [_end(x, y, light.degrees, length)]
        ends += [_end(*ends[0], light.degrees + turn, 0.2 * length) for turn in (150, -150)]
        pen.line([(x, y), ends[0]], fill=colour, width=2 * size)
        for end in ends[1:]:
            pen.line([ends[0], end], fill=colour, width=2 * size)
    return pale


def _end(x: float, y: float, degrees: float, length: float) -> tuple[float, float]:
    turned = np.radians(degrees)
    return x + length * float(np.cos(turned)), y - length * float(np.sin(turned))
