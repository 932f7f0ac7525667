"""JPEG files by a decoder that reports damage; a picture of which a part is missing is refused.

libjpeg decodes damaged data to the end: what it cannot read becomes grey, with a warning that PIL drops. TurboJPEG
returns that warning, and gives the very pixels of PIL otherwise (both are libjpeg-turbo, with the accurate DCT and the
smooth enlargement of colours). The rules:

- The end marker may be missing, and the last bytes of a scan, as long as they spoil no more than 2 % of its units.
- A scan that ends earlier, more than padding left over behind it, a wrong code or a lost restart marker: damaged.
- A picture in several scans must hold every coefficient of every component, to its last bit.
- Zero bytes in a row that the tables of the file could not mean: damaged, a file that was only partly written.

Source: ITU-T T.81 (JPEG), annexes B, F and G.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import simplejpeg

from forensictransfer.data.codecs.errors import CodecError
from forensictransfer.data.codecs.jpeg_structure import Frame, read_frame, repaired_headers

END = b"\xff\xd9"
_NO_END = "Premature end of JPEG file"
_EARLY = "premature end of data segment"
_LEFT_OVER = re.compile(r"(\d+) extraneous bytes before marker 0xd9")
_PADDING = 2  # bytes left over behind a scan that count as padding whatever they are; zeros do in any number
_ZEROS = bytes(64)
_MISSING = 0.02  # share of the units that may be missing or cut short at the end of a scan


class DecodedJpeg(NamedTuple):
    """The pixels of a JPEG, uint8 (h, w, channels), and the bytes that gave them: with an end marker."""

    pixels: np.ndarray
    content: bytes


def decode_jpeg(content: bytes, colours: str) -> DecodedJpeg:
    """Decode a JPEG that is whole.

    Args:
        content: the encoded bytes.
        colours: "RGB" for one or three components, "CMYK" for four.
    Raises:
        CodecError: damaged, or a part is missing.
    """
    padding = 0
    try:
        pixels = _decoded(content, colours)
    except ValueError as error:
        content, strict, padding = _judged(content, colours, str(error))
        pixels = _decoded(content, colours, strict=strict)
    _check_scans(content, padding)
    return DecodedJpeg(pixels, content)


def _decoded(content: bytes, colours: str, *, strict: bool = True) -> np.ndarray:
    pixels: np.ndarray = simplejpeg.decode_jpeg(content, colours, fastdct=False, fastupsample=False, strict=strict)
    return pixels


def _judged(content: bytes, colours: str, problem: str | None) -> tuple[bytes, bool, int]:
    """Decide whether a warning is about the pixels.

    Return bytes to decode, whether without any warning, and how many bytes of padding are behind the last scan.
    TurboJPEG tells the first warning only, so what is harmless is repaired before it counts as the only one.
    """
    if problem == _NO_END:
        content += END
        problem = _warning(content, colours)
    if problem is not None:
        repaired = repaired_headers(content)
        if repaired != content:
            content = repaired
            problem = _warning(content, colours)
    if problem is None:
        return content, True, 0
    left = _LEFT_OVER.search(problem)
    if left is not None and _is_padding(content, int(left[1])):
        return content, False, int(left[1])
    if _EARLY in problem and colours == "RGB":
        missing, units = _missing(content)
        if missing + 1 <= _MISSING * units:  # one more is cut short
            return content, False, 0
        raise CodecError(
            f"the picture is not all there, {missing:,} of the {units:,} units of its last scan are missing"
        )
    raise CodecError(problem[0].lower() + problem[1:])


def _warning(content: bytes, colours: str) -> str | None:
    """Return what the library says while it decodes, None if nothing."""
    try:
        _decoded(content, colours)
    except ValueError as error:
        return str(error)
    return None


def _is_padding(content: bytes, count: int) -> bool:
    """Say whether the bytes that are left over before the end marker are no data of the picture."""
    scans = read_frame(content).scans
    end = content.find(END, scans[-1].start) if scans else -1
    return count <= _PADDING or (end >= count and not content[end - count : end].strip(b"\0\xff"))


def _missing(content: bytes) -> tuple[int, int]:
    """Count the units (MCU) of the last scan whose data are missing, at least, and all units."""
    frame = read_frame(content)
    if not frame.scans:
        return 1, 1
    if frame.in_one_scan:
        # What is missing has no coefficients: luminance 128 exactly.
        luminance = _decoded(content, "GRAY", strict=False)[:, :, 0]
        present = _in_units(luminance != 128, frame)
    else:
        # Every scan changes the picture; where the last one does no more, its data had ended. Its header is kept:
        # without it, the library would smooth the picture.
        without = content[: frame.scans[-1].start] + END
        changed = _decoded(content, "RGB", strict=False) != _decoded(without, "RGB", strict=False)
        present = _in_units(changed.any(axis=2), frame)
    interval = frame.interval or present.size
    missing = 0
    for first in range(0, present.size, interval):
        found = np.flatnonzero(present[first : first + interval])
        missing += min(interval, present.size - first) - (int(found[-1]) + 1 if found.size else 0)
    return missing, present.size


def _in_units(marked: np.ndarray, frame: Frame) -> np.ndarray:
    """Say for each unit of the frame, in the order of a scan, whether any of its pixels (h, w) is marked."""
    height, width = frame.unit
    rows, columns = -(-marked.shape[0] // height), -(-marked.shape[1] // width)
    padded = np.zeros((rows * height, columns * width), bool)
    padded[: marked.shape[0], : marked.shape[1]] = marked
    return padded.reshape(rows, height, columns, width).any(axis=(1, 3)).ravel()


def _check_scans(content: bytes, padding: int) -> None:
    """Raise CodecError where scans are missing that no warning tells of, or where the file was only partly written.

    padding: bytes behind the last scan that are not its data.
    """
    frame = read_frame(content, headers_only=True)
    if not frame.in_one_scan:
        lacking = read_frame(content).lacking()
        if lacking:
            raise CodecError(f"the picture is not all there, {lacking}")
        return
    scan = frame.scans[0]
    if not scan.zeros_end_a_block:
        zeros = content.find(_ZEROS, scan.start, content.find(END, scan.start) - padding)
        if zeros >= 0:
            raise CodecError(f"the picture is not all there, its data are zeros from byte {zeros:,} on")
