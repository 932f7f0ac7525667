"""What a JPEG file tells of the program that wrote it last: quality, tables, coding, and families of programs.

Nothing is decoded, and nothing here is evidence of a forgery: whoever saves a photograph anew writes such a file. A
family is named where all its marks are there; others may write the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from forensictransfer.data.codecs.containers import Facts
from forensictransfer.data.codecs.jpeg_structure import read_frame, segments

# The tables of T.81, annex K.1, rows top to bottom, which encoders scale by the quality (libjpeg's jpeg_set_quality).
LUMINANCE = np.array(
    [
        (16, 11, 10, 16, 24, 40, 51, 61),
        (12, 12, 14, 19, 26, 58, 60, 55),
        (14, 13, 16, 24, 40, 57, 69, 56),
        (14, 17, 22, 29, 51, 87, 80, 62),
        (18, 22, 37, 56, 68, 109, 103, 77),
        (24, 35, 55, 64, 81, 104, 113, 92),
        (49, 64, 78, 87, 103, 121, 120, 101),
        (72, 92, 95, 98, 112, 100, 103, 99),
    ]
)
CHROMINANCE = np.full((8, 8), 99)
CHROMINANCE[:4, :4] = [(17, 18, 24, 47), (18, 21, 26, 66), (24, 26, 56, 99), (47, 66, 99, 99)]
# The table of N. Robidoux, of luminance and chroma alike, which mozjpeg scales in the same way by default.
ROBIDOUX = np.array(
    [
        (16, 16, 16, 18, 25, 37, 56, 85),
        (16, 17, 20, 27, 34, 40, 53, 75),
        (16, 20, 24, 31, 43, 62, 91, 135),
        (18, 27, 31, 40, 53, 74, 106, 156),
        (25, 34, 43, 53, 69, 94, 131, 189),
        (37, 40, 62, 74, 94, 124, 169, 238),
        (56, 53, 91, 106, 131, 169, 226, 311),
        (85, 75, 135, 156, 189, 238, 311, 418),
    ]
)
_COMMENT, _APP12, _APP13, _ADOBE = 0xFE, 0xEC, 0xED, 0xEE


STANDARD_TABLES, ROBIDOUX_TABLES, OWN = "standard", "of Robidoux", "of its own"


def scaled_table(quality: int, base: np.ndarray = LUMINANCE) -> np.ndarray:
    """Scale a table, (8, 8), to a quality from 1 to 100 as libjpeg does; steps from 1 to 255."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return np.asarray(np.clip((base * scale + 50) // 100, 1, 255))


_BY_QUALITY = np.stack([scaled_table(quality) for quality in range(1, 101)])


def nearest_quality(table: np.ndarray) -> int:
    """Find the quality, 1 to 100, whose scaled standard table of luminance is nearest in absolute difference."""
    differences = np.abs(_BY_QUALITY - np.asarray(table, int).reshape(8, 8)).sum(axis=(1, 2))
    return int(differences.argmin()) + 1


@dataclass(frozen=True)
class JpegHistory:
    """What the last compression was.

    quality: of the tables, or of the nearest standard table of luminance if they are of their own. tables: `standard`,
    `of Robidoux` or `of its own`, of all components at one quality. subsampling: of chroma, or grey. coding: baseline
    or progressive, and what Huffman tables. writers: families of programs whose marks the file has, each with the mark.
    """

    quality: int
    tables: str
    subsampling: str
    coding: str
    writers: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """Say all of it in words, a part each."""
        nearly = "about " if self.tables == OWN else ""
        tables = f"{nearly}quality {self.quality}, tables {self.tables}"
        return tables, self.subsampling, self.coding, *(f"as written by {writer}" for writer in self.writers)


def jpeg_history(content: bytes, quantisation: Sequence[np.ndarray], facts: Facts) -> JpegHistory | None:
    """Tell what a JPEG file says of its last compression; None for a file without quantisation tables.

    Args:
        content: the encoded file. quantisation: its tables, each (8, 8), that of luminance first.
        facts: those of its container (`containers.container_facts`).
    """
    if not quantisation:
        return None
    quality, tables = _tables(quantisation)
    marks = _Marks(content, tables, str(facts.get("JPEG coding", "unknown coding")))
    return JpegHistory(quality, tables, _subsampling(content), marks.coding, _writers(marks))


def _tables(quantisation: Sequence[np.ndarray]) -> tuple[int, str]:
    """Find the quality and the family of a file's tables; a chroma table may be that of luminance again."""
    for name, bases in ((STANDARD_TABLES, (LUMINANCE, CHROMINANCE)), (ROBIDOUX_TABLES, (ROBIDOUX,))):
        for quality in range(1, 101):
            known = [scaled_table(quality, base) for base in bases]
            if np.array_equal(quantisation[0], known[0]) and all(
                any(np.array_equal(table, one) for one in known) for table in quantisation[1:]
            ):
                return quality, name
    return nearest_quality(quantisation[0]), OWN


def _subsampling(content: bytes) -> str:
    sampling = list(read_frame(content, headers_only=True).sampling.values())
    if len(sampling) < 2:
        return "grey"
    (across, down), *others = sampling
    if any(one != (1, 1) for one in others):
        return " ".join(f"{h}x{v}" for h, v in sampling)
    usual = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (1, 2): "4:4:0", (4, 1): "4:1:1"}
    return usual.get((across, down), f"{across}x{down}")


class _Marks:
    """The marks that tell families of programs apart."""

    def __init__(self, content: bytes, tables: str, coding: str) -> None:
        self.tables, self.coding = tables, coding
        self.comments: list[bytes] = []
        self.applications: list[tuple[int, bytes]] = []
        for part in segments(content):
            if part.marker == 0xDA:
                break
            body = content[part.start : part.end]
            if part.marker == _COMMENT:
                self.comments.append(body)
            elif 0xE0 <= part.marker <= 0xEF:
                self.applications.append((part.marker, body))

    def comment(self, *starts: bytes) -> bool:
        """Tell whether a comment begins with one of these."""
        return any(one.startswith(starts) for one in self.comments)

    def application(self, marker: int, start: bytes) -> bool:
        """Tell whether there is such an application segment that begins so."""
        return any(kind == marker and body.startswith(start) for kind, body in self.applications)


# A family, its mark in words, and the test for it. Sources: Kee, Johnson, Farid: Digital Image Authentication from JPEG
# Headers, IEEE TIFS 2011, on tables and markers as a signature; libgd's gd_jpeg.c, GIMP's file-jpeg and FFmpeg's
# mjpegenc, each on the comment that it writes; Adobe: Photoshop File Formats Specification, on 8BIM, and its segment
# Ducky of Save for Web; mozjpeg's README: progressive by default, with the tables of N. Robidoux. FBMD: seen in files
# from there.
_WRITERS: tuple[tuple[str, Callable[[_Marks], bool]], ...] = (
    ("Adobe Photoshop (segments 8BIM and Adobe)", lambda m: m.application(_APP13, b"Photoshop 3.0") and _adobe(m)),
    ("Adobe's Save for Web (segment Ducky)", lambda m: m.application(_APP12, b"Ducky")),
    ("PHP or another program with libgd (its comment)", lambda m: m.comment(b"CREATOR: gd-jpeg")),
    ("FFmpeg (its comment)", lambda m: m.comment(b"Lavc", b"FFmpeg")),
    ("GIMP (its comment)", lambda m: m.comment(b"Created with GIMP", b"Created with The GIMP")),
    ("a program with Intel's or LEAD's encoder (its comment)", lambda m: m.comment(b"Intel(R) JPEG", b"LEAD Tech")),
    ("Facebook (FBMD in its IPTC segment)", lambda m: any(b"FBMD" in body for _, body in m.applications)),
    (
        "mozjpeg or a program with it (progressive, tables of Robidoux)",
        lambda m: m.tables == ROBIDOUX_TABLES and "progressive" in m.coding,
    ),
    (
        "libjpeg with its defaults, as Pillow and OpenCV (standard tables and Huffman tables, JFIF, nothing else)",
        lambda m: (
            m.tables == STANDARD_TABLES
            and "standard Huffman" in m.coding
            and not m.comments
            and len(m.applications) == 1
            and m.application(0xE0, b"JFIF\0")
        ),
    ),
)


def _writers(marks: _Marks) -> tuple[str, ...]:
    return tuple(name for name, has in _WRITERS if has(marks))


def _adobe(marks: _Marks) -> bool:
    return marks.application(_ADOBE, b"Adobe") and marks.tables == OWN
