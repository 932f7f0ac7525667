"""Damaged images: each is read or refused in a line, in bounded time and memory, and what is read others read alike.

Oracles: OpenCV, whose decoders are others than PIL's, and tifffile for TIFF; and the picture before the damage, for
PNG, whose checksums cover the pixels.
"""

from __future__ import annotations

import contextlib
import io
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import tifffile
from PIL import Image

from benchmarks.fuzzing.limits import time_limit
from benchmarks.fuzzing.mutations import mutated
from forensictransfer.data.decode import ImageError, decode
from forensictransfer.data.encoded import read_header

MOST_PIXELS = 4_000_000
SECONDS = 10  # for one image of a few kB
MEMORY = 400 * 2**20  # bytes that one image may add to the most that the process has held

READ, REFUSED = "read", "refused"
AGREES, DIFFERS, NO_OTHER = "another decoder agrees", "another decoder differs", "no other decoder reads it"


@dataclass(frozen=True)
class Outcome:
    """What became of a damaged image. fault: what must not be, empty if all is well."""

    kind: str
    other: str = ""
    fault: str = ""


def picture(height: int = 40, width: int = 48, seed: int = 0) -> np.ndarray:
    """Make a smooth picture with some noise, uint8 (h, w, 3)."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (5, 5, 3), np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)).astype(int)
    return np.clip(smooth + rng.integers(-12, 13, smooth.shape), 0, 255).astype(np.uint8)


def sound_images() -> dict[str, bytes]:
    """Make an image of each kind that is read, by name."""
    pixels = picture()
    image = Image.fromarray(pixels)
    exif = Image.Exif()
    exif[271], exif[274] = "Maker", 6
    made = {}

    def by_pil(name: str, mode: str, kind: str, **options: object) -> None:
        stream = io.BytesIO()
        image.convert(mode).save(stream, kind, **options)
        made[name] = stream.getvalue()

    by_pil("jpeg", "RGB", "JPEG", quality=90)
    by_pil("jpeg 4:4:4 with metadata", "RGB", "JPEG", quality=80, subsampling=0, exif=exif, comment=b"made here")
    by_pil("jpeg progressive", "RGB", "JPEG", quality=85, progressive=True)
    by_pil("jpeg optimised grey", "L", "JPEG", quality=70, optimize=True)
    by_pil("jpeg cmyk", "CMYK", "JPEG", quality=90)
    restart = [cv2.IMWRITE_JPEG_RST_INTERVAL, 2]
    made["jpeg with restarts"] = cv2.imencode(".jpg", pixels, restart)[1].tobytes()
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        by_pil(f"png {mode}", mode, "PNG")
    by_pil("png with metadata", "RGB", "PNG", exif=exif, dpi=(72, 72), icc_profile=bytes(200))
    frames = [image, Image.fromarray(255 - pixels)]
    by_pil("png animated", "RGB", "PNG", save_all=True, append_images=frames[1:])
    for mode in ("1", "L", "P", "RGB"):
        by_pil(f"bmp {mode}", mode, "BMP")
    by_pil("webp", "RGB", "WEBP", quality=80)
    by_pil("webp lossless with metadata", "RGBA", "WEBP", lossless=True, exif=exif)
    by_pil("webp animated", "RGB", "WEBP", save_all=True, append_images=frames[1:])
    wide = pixels.astype(np.uint16) * 257
    for name, samples, options in (
        ("rgb", pixels, {}),
        ("rgb big", pixels, {"bigtiff": True, "byteorder": ">"}),
        ("rgb tiles", pixels, {"tile": (16, 16), "compression": "zlib"}),
        ("rgb lzw", pixels, {"compression": "lzw", "predictor": True}),
        ("rgb jpeg", pixels, {"compression": "jpeg"}),
        ("rgb 16 planes", np.moveaxis(wide, 2, 0), {"planarconfig": "separate"}),
        ("grey 16 white is zero", wide[:, :, 0], {"photometric": "miniswhite"}),
    ):
        stream = io.BytesIO()
        tifffile.imwrite(stream, samples, **{"photometric": "rgb", "metadata": None} | options)
        made[f"tiff {name}"] = stream.getvalue()
    return made


def examine(data: bytes, before: np.ndarray | None = None) -> Outcome:
    """Read one damaged image and look at what must not be.

    before: the pixels before the damage, where checksums cover them: what is read must be these.
    """
    held = _most_memory()
    try:
        with time_limit(SECONDS):
            try:
                pixels = decode(data, max_pixels=MOST_PIXELS)
            except ImageError as error:
                return Outcome(REFUSED, fault=_fault_of_refusal(error))
            header = read_header(data)
            other = _by_another(data)
    except TimeoutError:
        return Outcome(READ, fault=f"takes more than {SECONDS} s")
    except Exception as error:
        return Outcome(READ, fault=f"{type(error).__name__}: {error}")
    if _most_memory() - held > MEMORY:
        return Outcome(READ, fault=f"takes {(_most_memory() - held) / 2**20:.0f} MiB")
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.flags.writeable:
        return Outcome(READ, fault=f"gives {pixels.dtype} {pixels.shape}")
    if (header.height, header.width) != pixels.shape[:2]:
        return Outcome(READ, fault=f"is {pixels.shape[:2]}, its header says {(header.height, header.width)}")
    if before is not None and not np.array_equal(pixels, before):
        return Outcome(READ, fault="checksums are right and pixels are others")
    return Outcome(READ, _compared(pixels, other))


def fuzz(sound: dict[str, bytes], names: list[str], seed: int) -> Iterator[tuple[str, bytes, Outcome]]:
    """Damage the named images, one after the other, and examine them: (name, damaged file, outcome)."""
    rng = np.random.default_rng(seed)
    every = list(sound.values())
    for name in names:
        data = mutated(sound[name], rng, every)
        yield name, data, examine(data)


def _fault_of_refusal(error: ImageError) -> str:
    text = str(error)
    if "\n" in text or len(text) > 400:
        return f"is refused by more than a line: {text!r}"
    return ""


def _by_another(data: bytes) -> np.ndarray | None:
    """Decode with other libraries, before the orientation is applied; None if they cannot."""
    with contextlib.suppress(Exception):
        if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
            with tifffile.TiffFile(io.BytesIO(data)) as file:
                page: Any = file.pages[0]
                samples = page.asarray()
                if page.bitspersample != 8 or page.photometric not in (1, 2) or page.planarconfig != 1:
                    return None
            colours = samples if samples.ndim == 3 else np.repeat(samples[:, :, None], 3, axis=2)
            return colours[:, :, :3] if colours.dtype == np.uint8 else None
        found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        return None if found is None else np.ascontiguousarray(found[:, :, ::-1])
    return None


def _compared(pixels: np.ndarray, other: np.ndarray | None) -> str:
    """Compare with what another decoder read, which may be turned."""
    if other is None:
        return NO_OTHER
    turned = (other, other.transpose(1, 0, 2))
    every = (part[:: 1 - 2 * up, :: 1 - 2 * left] for part in turned for up in (0, 1) for left in (0, 1))
    return AGREES if any(np.array_equal(pixels, one) for one in every) else DIFFERS


def _most_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
