"""A note where crops are larger than the images that they are cut from."""

from __future__ import annotations

from collections.abc import Sequence

from forensictransfer.data.encoded import ImageError, read_header
from forensictransfer.data.records import Record

SAMPLE = 50


def crop_note(records: Sequence[Record], crop: int, setting: str = "--data.crop") -> str | None:
    """Write one line if most images are shorter than `crop` pixels, height or width; None otherwise.

    Looks at the headers of up to 50 images, evenly over the records; no pixel is decoded. setting: how the reader of
    the line gives the crop.
    """
    sides = []
    for record in records[:: -(-len(records) // SAMPLE) or 1]:
        try:
            header = read_header(record.source)
        except ImageError:  # told where the image is read
            continue
        sides.append(min(header.width, header.height))
    sides.sort()
    if not sides or sides[len(sides) // 2] >= crop:
        return None
    fitting = sides[len(sides) // 2] // 8 * 8
    advice = f"; {setting} {fitting} or less fits" if fitting >= 32 else ""
    small = sum(side < crop for side in sides)
    return (
        f"crops of {crop} pixels are larger than the images ({small} of {len(sides)} looked at, the shorter side is "
        f"{sides[0]} to {sides[-1]} pixels): time goes into padding{advice}"
    )
