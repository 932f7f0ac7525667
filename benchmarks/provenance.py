"""Measure what `inspect` says of metadata: thumbnails that are old or not, and hostile files; see README.md here."""

from __future__ import annotations

import argparse
import io
import struct
import sys
import time
import tracemalloc
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter
from scipy.stats import binomtest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.wheel_photographs import wheel_photographs
from forensictransfer.data.image_file import ImageFile
from forensictransfer.data.metadata.blocks import read_blocks
from forensictransfer.data.metadata.exif import read_exif
from forensictransfer.data.metadata.xmp import read_xmp
from forensictransfer.inference.provenance.thumbnails import SAME, likeness

SIDES = (0.1, 0.2, 0.3)  # of the shorter side: squares of another picture that are put into this one
TIMES = 5  # thumbnails of each photograph
MB = 1 << 20
_FILTERS = (Image.Resampling.BOX, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)


def thumbnail(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Make a thumbnail of 160 pixels, uint8 (h, w, 3), in a way by chance that cameras and programs use."""
    high, wide = pixels.shape[:2]
    cuts = (rng.uniform(0, 0.1, 4) * (high, high, wide, wide) * (rng.random() < 0.3)).astype(int)
    image = Image.fromarray(pixels[cuts[0] : high - cuts[1], cuts[2] : wide - cuts[3]])
    times = 160 / max(image.size)
    size = [max(round(side * times), 16) for side in image.size]
    image = image.resize(size, _FILTERS[rng.integers(len(_FILTERS))])
    if rng.random() < 0.5:
        image = image.filter(ImageFilter.UnsharpMask(1, int(rng.integers(30, 150)), 0))
    image = Image.fromarray((255 * (np.asarray(image) / 255) ** rng.uniform(0.8, 1.25)).astype(np.uint8))
    if rng.random() < 0.3:  # black bars to 4:3
        framed = Image.new("RGB", (160, 120))
        image.thumbnail((160, 120))
        framed.paste(image, ((160 - image.width) // 2, (120 - image.height) // 2))
        image = framed
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=int(rng.integers(40, 96)))
    return np.asarray(Image.open(stream).convert("RGB"))


def thumbnails(paths: Sequence[Path]) -> None:
    """Print what is said of sound thumbnails, of other pictures' and of pictures with a square of another one."""
    photographs = [ImageFile(path).pixels for path in paths]
    rng = np.random.default_rng(0)
    sound: list[bool] = []
    other: list[bool] = []
    changed: dict[float, list[bool]] = {side: [] for side in SIDES}
    for number, pixels in enumerate(photographs):
        for step in range(TIMES):
            small, stranger = thumbnail(pixels, rng), photographs[(number + 1 + step) % len(photographs)]
            sound.append(_differs(small, pixels))
            if len(photographs) > 1:
                other.append(_differs(thumbnail(stranger, rng), pixels))
            for side in SIDES:
                changed[side].append(_differs(small, _with_square(pixels, stranger, side, rng)))
    print(f"thumbnails of {len(photographs)} photographs, {TIMES} of each: said to differ")
    _row("sound", sound)
    _row("of another photograph", other)
    for side, said in changed.items():
        _row(f"of before a square of {side:.0%} of the shorter side was exchanged", said)


def _differs(small: np.ndarray, pixels: np.ndarray) -> bool:
    found = likeness(small, pixels)
    return found is not None and (found.correlation < SAME or bool(found.differing.any()))


def _with_square(pixels: np.ndarray, other: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    high, wide = pixels.shape[:2]
    side = round(share * min(high, wide))
    top, left = (int(rng.integers(0, whole - side + 1)) for whole in (high, wide))
    cut = min(other.shape[:2]) // 2
    changed = pixels.copy()
    patch = Image.fromarray(other[:cut, :cut]).resize((side, side), Image.Resampling.BICUBIC)
    changed[top : top + side, left : left + side] = np.asarray(patch)
    return changed


def _row(name: str, said: Sequence[bool]) -> None:
    if said:
        low, high = binomtest(sum(said), len(said)).proportion_ci(method="wilson")
        print(f"  {name}: {sum(said)} of {len(said)}, {low:.1%} to {high:.1%}")


def hostile(size: int) -> dict[str, Callable[[], tuple[str, bytes]]]:
    """Name makers of files, with their formats, that some readers of metadata take minutes or gigabytes for.

    size: bytes of the largest text, packed or not.
    """
    entity = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE x [<!ENTITY l0 "lol">{entity}]><x>&l9;</x>'.encode()
    loop = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 34665, 4, 1, 8) + struct.pack("<I", 8)
    return {
        "text, not packed": lambda: ("PNG", _png(b"tEXt", b"parameters\0" + b"Steps: 20, Seed: 1 " * (size // 19))),
        "text, packed": lambda: ("PNG", _png(b"zTXt", b"workflow\0\0" + zlib.compress(bytes(size), 1))),
        "XMP, packed": lambda: ("PNG", _png(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(bytes(size), 1))),
        "XMP, elements in elements": lambda: (
            "PNG",
            _png(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"<a>" * (size // 3)),
        ),
        "XMP, entity bomb": lambda: ("PNG", _png(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + bomb)),
        "EXIF, directories in a circle": lambda: ("PNG", _png(b"eXIf", loop)),
        "EXIF": lambda: ("PNG", _png(b"eXIf", loop + bytes(size))),
        "chunks": lambda: ("PNG", _png(b"tEXt", b"a\0b", size // 100)),
    }


def _png(kind: bytes, body: bytes, times: int = 1) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (32, 32)).save(stream, "PNG")
    whole = stream.getvalue()
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return whole[:33] + chunk * times + whole[33:]


def measured(name: str, size: int) -> tuple[int, float, float, str]:
    """Read the metadata of one hostile file: its bytes, seconds, MB that memory grows by, and what is left out."""
    kind, content = hostile(size)[name]()
    tracemalloc.start()
    begun = time.perf_counter()
    blocks = read_blocks(content, kind)
    exif, xmp = read_exif(blocks.exif), read_xmp(blocks.xmp)
    seconds = time.perf_counter() - begun
    grown = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return len(content), seconds, grown / MB, "; ".join((*blocks.left_out, *exif.problems, *xmp.problems))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="photographs of your own (default: those in wheels)")
    parser.add_argument("--megabytes", type=float, default=100, help="of the largest hostile text (default: 100)")
    options = parser.parse_args(arguments)
    size = int(options.megabytes * MB)
    thumbnails(wheel_photographs() if options.folder is None else sorted(options.folder.iterdir()))
    print("hostile metadata: MB of the file, seconds, MB that memory grows by")
    for name in hostile(size):
        length, seconds, grown, said = measured(name, size)
        print(f"  {name}: {length / MB:.1f}, {seconds:.2f}, {grown:.1f}; left out: {said or 'nothing'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
