"""THE decoder: encoded image in, `uint8 (h, w, 3)` out, the same for training, evaluation and prediction.

PIL and numpy only, and bit-exact with `PIL.Image.open(...).convert("RGB")` for plain colour files: the fast DCT of
other libraries is up to four grey levels off, which is more than the traces of most forgeries. Nothing is resized and
no colour profile is applied. What is not plain colour follows a stated rule:

- EXIF orientation: applied, all eight.
- Alpha: dropped. The colours stay as stored (compositing would change them); premultiplied colours come as PIL
  un-multiplies them.
- Greyscale and 1-bit: replicated into the three channels (a set bit is 255).
- Palette: the palette's colours.
- CMYK and YCCK: PIL's plain conversion.
- More than 8 bits: the top 8 bits (16-bit: value >> 8). Samples of 32 bits, signed or floating: refused, since no one
  knows what their white is.
- Animations (APNG, WebP) and multi-page TIFF: the first frame.

PNG, JPEG, WebP, BMP and TIFF are read; the content decides, not the suffix. The header's size is checked before
anything is decoded. No global state of PIL is touched, so the functions may be called from any number of threads.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import stat
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from PIL import BmpImagePlugin, Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin
from PIL.ImageFile import ImageFile

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.data.stored import StoredImage

Source = Path | bytes | StoredImage
FORMATS = "PNG, JPEG, WebP, BMP or TIFF"
_ORIENTATION = 0x0112
_BITS_PER_SAMPLE = 258
_WARNINGS_LOCK = threading.Lock()

# The plugins are called directly: Image.open would add its own warnings about large images, which can be silenced
# only through state that all threads share. A multi-picture JPEG (MPO) is read as JPEG: its first picture.
_READERS: tuple[tuple[bytes, int, Callable[[IO[bytes]], ImageFile]], ...] = (
    (b"\x89PNG\r\n\x1a\n", 0, PngImagePlugin.PngImageFile),
    (b"\xff\xd8\xff", 0, JpegImagePlugin.JpegImageFile),
    (b"WEBP", 8, WebPImagePlugin.WebPImageFile),
    (b"BM", 0, BmpImagePlugin.BmpImageFile),
    (b"II*\0", 0, TiffImagePlugin.TiffImageFile),
    (b"MM\0*", 0, TiffImagePlugin.TiffImageFile),
    (b"II+\0", 0, TiffImagePlugin.TiffImageFile),
    (b"MM\0+", 0, TiffImagePlugin.TiffImageFile),
)
_OTHERS = ((b"GIF8", 0, "a GIF"), (b"ftyp", 4, "an AVIF, HEIF or video file"), (b"%PDF", 0, "a PDF"))


class ImageError(UserError):
    """An image that cannot be read; `reason` is the message without the file's name, `code` the kind of it."""

    def __init__(self, what: str, reason: str, *, code: ErrorCode = ErrorCode.IMAGE_UNREADABLE) -> None:
        super().__init__(f"{what}: {reason}", code=code)
        self.reason = reason


class Header(NamedTuple):
    """What an image file says about itself before it is decoded; the size is the stored one, before orientation."""

    format: str
    width: int
    height: int
    mode: str


def decode(source: Source, *, max_pixels: int, name: str | None = None) -> np.ndarray:
    """Decode the pixels of one image, by the rules at the head of this module.

    Args:
        source: a file, the encoded bytes of an image, or a stored one.
        max_pixels: larger images are refused from their header alone.
        name: what an error calls the image (default: its path).
    Returns:
        uint8 (h, w, 3), red green blue, read-only.
    Raises:
        ImageError: missing, unreadable, empty, truncated, corrupt, too large or of an unsupported kind; one line.
    """
    with opened(source, name) as image:
        width, height = image.size
        if width * height > max_pixels:
            raise ImageError(
                name or source_name(source),
                f"{width:,} x {height:,} pixels are {width * height / 1e6:.1f} megapixels, "
                f"expected at most {max_pixels / 1e6:g} (data.max_megapixels)",
                code=ErrorCode.IMAGE_TOO_LARGE,
            )
        _load(image)
        orientation = _orientation(image)
        pixels = _rgb(image, name or source_name(source))
    pixels = np.ascontiguousarray(_upright(pixels, orientation))
    pixels.setflags(write=False)
    return pixels


def read_header(source: Source) -> Header:
    """Read the format, size and mode of one image, without decoding it. Raises ImageError."""
    with opened(source) as image:
        return Header(str(image.format), *image.size, image.mode)


def digest(pixels: np.ndarray) -> str:
    """Compute the identity of decoded pixels: SHA-256, in hex, over the shape and the bytes of `uint8 (h, w, 3)`."""
    state = hashlib.sha256(repr(tuple(pixels.shape)).encode())
    state.update(np.ascontiguousarray(pixels).data)
    return state.hexdigest()


@contextlib.contextmanager
def opened(source: Source, name: str | None = None) -> Iterator[ImageFile]:
    """Open an image behind its header, not decoded; whatever goes wrong while it is open becomes an ImageError.

    name: what an error calls the image (default: its path).
    """
    kind = "an image"
    name = name or source_name(source)
    try:
        with _stream(source) as stream:
            head = stream.read(16)
            reader = _reader(head, name)
            kind = reader.__name__.removesuffix("ImageFile").upper()
            stream.seek(0)
            with reader(stream) as image:
                yield image
    except ImageError:
        raise
    except Exception as error:
        # Damaged and hostile files raise almost anything out of the plugins (SyntaxError, struct.error, zlib.error,
        # MemoryError ...); all of it means the same to the user.
        if isinstance(error, OSError) and error.strerror:
            raise ImageError(name, f"cannot be read: {error.strerror}", code=ErrorCode.IMAGE_UNREADABLE) from error
        detail = " ".join(str(error).split()) or type(error).__name__
        raise ImageError(name, f"cannot be decoded as {kind}: {detail}", code=ErrorCode.IMAGE_DAMAGED) from error


def _stream(source: Source) -> IO[bytes]:
    if isinstance(source, StoredImage):
        return io.BytesIO(source.read_bytes())
    if isinstance(source, bytes):
        return io.BytesIO(source)
    # Looked at first, since opening a pipe would wait for ever.
    if not stat.S_ISREG(os.stat(source).st_mode):
        raise ImageError(
            source_name(source), "expected an image file, found a folder or a device", code=ErrorCode.IMAGE_UNREADABLE
        )
    return open(source, "rb")


def read_content(source: Source, name: str | None = None) -> bytes:
    """Read the encoded bytes of an image, whatever they hold. Raises ImageError where they cannot be read.

    name: what the error calls the image (default: its path).
    """
    if isinstance(source, bytes):
        return source
    try:
        with _stream(source) as stream:
            return stream.read()
    except OSError as error:
        raise ImageError(
            name or source_name(source), f"cannot be read: {error.strerror or error}", code=ErrorCode.IMAGE_UNREADABLE
        ) from error


def source_name(source: Source) -> str:
    """Name a source in messages: the path, or the number of bytes."""
    return f"encoded image of {len(source)} bytes" if isinstance(source, bytes) else str(source)


def _reader(head: bytes, name: str) -> Callable[[IO[bytes]], ImageFile]:
    if not head:
        raise ImageError(name, f"expected {FORMATS}, found 0 bytes", code=ErrorCode.IMAGE_EMPTY)
    for magic, start, reader in _READERS:
        if head[start : start + len(magic)] == magic:
            return reader
    found = [what for magic, start, what in _OTHERS if head[start : start + len(magic)] == magic]
    raise ImageError(
        name,
        f"expected {FORMATS}, found {found[0] if found else 'no image that is known here'}",
        code=ErrorCode.IMAGE_FORMAT_UNKNOWN,
    )


def _load(image: ImageFile) -> None:
    """Decode the pixels. The TIFF plugin warns of large images here; the limit was checked, so the warning is stopped.

    Filters of warnings belong to all threads, hence the lock, and hence only where the warning is due.
    """
    if image.format != "TIFF" or image.width * image.height <= (Image.MAX_IMAGE_PIXELS or float("inf")):
        image.load()
        return
    with _WARNINGS_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        image.load()


def _orientation(image: ImageFile) -> int:
    """Read the EXIF orientation, 1 (upright) to 8; asked after loading, when TIFF has applied and removed its own."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:
        # Damaged metadata beside sound pixels: the image counts, its metadata do not.
        return 1


def _rgb(image: ImageFile, name: str) -> np.ndarray:
    """Convert the loaded image to uint8 (h, w, 3)."""
    mode = image.mode
    # Older versions of PIL read 16-bit PNG as "I", too.
    if mode.startswith("I;16") or (mode == "I" and image.format == "PNG"):
        bits = image.tag_v2.get(_BITS_PER_SAMPLE, (16,))[0] if isinstance(image, TiffImagePlugin.TiffImageFile) else 16
        top = (np.asarray(image) >> (bits - 8)).astype(np.uint8)
        return np.repeat(top[:, :, None], 3, axis=2)
    if mode in ("I", "F"):
        kind = "floating" if mode == "F" else "32-bit or signed"
        raise ImageError(
            name,
            f"expected samples of 1 to 16 bits without sign, found {kind} samples",
            code=ErrorCode.IMAGE_SAMPLES_UNSUPPORTED,
        )
    # A transparent colour makes PIL warn; alpha is dropped in any case.
    image.info.pop("transparency", None)
    return np.asarray(image if mode == "RGB" else image.convert("RGB"))


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Undo the camera's orientation (EXIF 2.3, tag 0x0112) of (h, w, 3); unknown values count as upright."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels
