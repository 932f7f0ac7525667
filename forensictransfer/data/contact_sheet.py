"""A picture of a domain: reals on the left against fakes on the right, as PNG."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import writing
from forensictransfer.core.settings import DataSettings
from forensictransfer.core.visible import visible
from forensictransfer.data.decode import ImageError, decode
from forensictransfer.data.domains import Domain, open_domain
from forensictransfer.data.records import CLASSES, Record

TILE = 144  # side of an image's place, pixels
GAP = 4
CAPTION = 14
COLUMNS = 5  # images of a class beside each other
_PAPER, _INK, _EMPTY = (255, 255, 255), (60, 60, 60), (225, 225, 225)


def sheet(
    domain: str | Path,
    file: str | Path,
    group: str | None = None,
    *,
    per_class: int = 25,
    seed: int = 0,
    data: DataSettings | None = None,
) -> str:
    """Write a contact sheet of a domain; images are shrunk to be looked at, never stored. Returns a line on it.

    Args:
        domain, group: as `show` takes them.
        file: the PNG file to write; what is there is replaced, unless it is an image of the domain.
        per_class: images of each class at most.
        seed: another seed shows other images; the same seed the same ones, in both classes.
    Raises:
        UserError: as `open_domain`, another suffix than .png, or a file that cannot be written.
    """
    file = Path(file).expanduser()
    if file.suffix.lower() != ".png":
        raise UserError(f"{file}: expected a file that ends in .png", code=ErrorCode.PATH_WRONG_KIND)
    settings = data or DataSettings()
    opened = open_domain(domain, group=group, data=settings)
    same = (record.source for record in opened.records if record.name.endswith(file.name))
    if any(isinstance(source, Path) and file.exists() and source.samefile(file) for source in same):
        raise UserError(
            f"{file}: is an image of the domain, and is not replaced; choose another file", code=ErrorCode.PATH_EXISTS
        )
    pairs = choose(opened.records, per_class, seed)
    picture = _draw(opened, pairs, seed, int(settings.max_megapixels * 1e6))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with writing(file) as temporary:
            picture.save(temporary, "PNG")
    except OSError as error:
        raise UserError(f"{file}: cannot be written: {error.strerror}", code=ErrorCode.PATH_NOT_WRITABLE) from error
    return f"{file}: {len(pairs[0])} real and {len(pairs[1])} fake images of {opened.name}, seed {seed}"


def choose(records: Sequence[Record], per_class: int, seed: int) -> tuple[list[Record], list[Record]]:
    """Choose the reals and fakes to show, at most `per_class` of each, drawn by a hash of the group.

    Groups that have both classes come first, with one image of each at the same place of both lists, so that a fake
    stands across from the photograph it was made from; then other groups, one image of each, then further ones.
    """
    groups: dict[str, tuple[list[Record], list[Record]]] = defaultdict(lambda: ([], []))
    for record in sorted(records, key=lambda record: _rank(seed, record.name)):
        groups[record.group][record.label].append(record)
    order = sorted(groups, key=lambda group: (not all(groups[group]), _rank(seed, group)))
    chosen: tuple[list[Record], list[Record]] = ([], [])
    for label, found in enumerate(chosen):
        turn = 0
        while len(found) < per_class:
            more = [groups[group][label][turn] for group in order if len(groups[group][label]) > turn]
            if not more:
                break
            found += more[: per_class - len(found)]
            turn += 1
    return chosen


def _draw(domain: Domain, chosen: tuple[list[Record], list[Record]], seed: int, max_pixels: int) -> Image.Image:
    columns = max(1, min(COLUMNS, max(map(len, chosen))))
    rows = max(1, *(-(-len(records) // columns) for records in chosen))
    step = TILE + GAP
    half = columns * step + GAP
    top = 2 * CAPTION + 2 * GAP
    picture = Image.new("RGB", (2 * half + 3 * GAP, top + rows * (step + CAPTION) + GAP), _PAPER)
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(size=11)
    pen.text((GAP, GAP), _ascii(f"{domain.name}, seed {seed}"), _INK, font)
    for label, records in enumerate(chosen):
        left = GAP + label * (half + 2 * GAP)
        total = sum(record.label == label for record in domain.records)
        pen.text((left, GAP + CAPTION), f"{CLASSES[label]}: {len(records)} of {total:,}", _INK, font)
        for place, record in enumerate(records):
            x, y = left + place % columns * step, top + place // columns * (step + CAPTION)
            _paste(picture, pen, record, (x, y), font, max_pixels)
    middle = half + GAP
    pen.line([(middle, GAP), (middle, picture.height - GAP)], _EMPTY, 2)
    return picture


def _paste(
    picture: Image.Image,
    pen: ImageDraw.ImageDraw,
    record: Record,
    place: tuple[int, int],
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    max_pixels: int,
) -> None:
    x, y = place
    try:
        image = Image.fromarray(decode(record.source, max_pixels=max_pixels))
    except ImageError:
        pen.rectangle([x, y, x + TILE - 1, y + TILE - 1], _EMPTY)
        pen.text((x + GAP, y + TILE // 2), "cannot be read", _INK, font)
    else:
        if max(image.size) > TILE:
            image.thumbnail((TILE, TILE), Image.Resampling.LANCZOS)
        picture.paste(image, (x + (TILE - image.width) // 2, y + (TILE - image.height) // 2))
    name = _ascii(visible(record.name))
    while name and pen.textlength(name, font) > TILE:
        name = name[1:]  # the end of a path says more than its beginning
    pen.text((x, y + TILE), name, _INK, font)


def _ascii(text: str) -> str:
    """Replace what is no Latin letter: the built-in font has no others."""
    return text.encode("latin-1", "replace").decode("latin-1")


def _rank(seed: int, text: str) -> bytes:
    return hashlib.blake2b(f"{seed}\0{text}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
