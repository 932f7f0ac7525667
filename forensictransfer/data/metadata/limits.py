"""How much of a file's metadata is read: more than any honest file holds, and little enough for any machine."""

from __future__ import annotations

MOST_TEXT = 4 << 20  # bytes of one text, EXIF block or XMP packet, unpacked; workflows of ComfyUI reach 2 MB
MOST_TOGETHER = 16 << 20  # bytes of all texts of a file
MOST_TEXTS = 1_000
MOST_PARTS = 20_000  # segments or chunks of a file that are looked at
MOST_ENTRIES = 4_000  # entries of one EXIF directory, data sets of IPTC
MOST_NUMBERS = 16  # numbers of one EXIF entry
MOST_DEPTH = 64  # elements within each other in XMP
MOST_ELEMENTS = 50_000  # elements of one XMP packet
MOST_VALUES = 64  # values that are kept of one XMP property


def in_short(text: str, most: int = 160) -> str:
    """Quote a text of others in one line: white space as single blanks, the end left out where it is long."""
    line = " ".join(text[: 4 * most].split())
    return line if len(line) <= most and len(text) <= 4 * most else f"{line[:most]}..."
