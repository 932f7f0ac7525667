"""Encoded images and their headers: where the bytes come from, what is an image, its upright size.

PNG, JPEG, WebP, BMP and TIFF are read; the content decides, not the suffix. Nothing is decoded here; `data.decode`
gives the pixels.
"""

from __future__ import annotations

import contextlib
import io
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

from PIL import BmpImagePlugin, Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin
from PIL.ImageFile import ImageFile

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.data.codecs import jpeg_structure, png, tiff, webp
from forensictransfer.data.codecs.errors import CodecError
from forensictransfer.data.stored import StoredImage

Source = Path | bytes | StoredImage
FORMATS = "PNG, JPEG, WebP, BMP or TIFF"
_ORIENTATION, _STORED_WIDTH, _STORED_HEIGHT = 0x0112, 256, 257

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
# What is tried where a plugin does not open a file as it is.
_REDUCED: dict[Callable[[IO[bytes]], ImageFile], Callable[[bytes], bytes]] = {
    JpegImagePlugin.JpegImageFile: jpeg_structure.without_metadata,
    WebPImagePlugin.WebPImageFile: webp.without_metadata,
    TiffImagePlugin.TiffImageFile: tiff.with_readable_directory,
}
_OTHERS = ((b"GIF8", 0, "a GIF"), (b"ftyp", 4, "an AVIF, HEIF or video file"), (b"%PDF", 0, "a PDF"))


class ImageError(UserError):
    """An image that cannot be read; `reason` is the message without the file's name, `code` the kind of it."""

    def __init__(self, what: str, reason: str, *, code: ErrorCode = ErrorCode.IMAGE_UNREADABLE) -> None:
        super().__init__(f"{what}: {reason}", code=code)
        self.reason = reason


class Header(NamedTuple):
    """What an image file says about itself before it is decoded; width and height are those of `decode`: upright."""

    format: str
    width: int
    height: int
    mode: str


def read_header(source: Source) -> Header:
    """Read the format, upright size and mode of one image, without decoding it. Raises ImageError."""
    with opened(source) as image:
        return Header(str(image.format), *upright_size(image), image.mode)


def orientation_of(image: ImageFile) -> int:
    """Read the orientation of an opened image, 1 (upright) to 8, from EXIF or else XMP; 1 where these are damaged."""
    try:
        # The method of the class above: that of a PNG would decode the pixels to look behind them.
        return int(Image.Image.getexif(image).get(_ORIENTATION, 1))
    except Exception:
        # Damaged metadata beside sound pixels: the image counts, its metadata do not.
        return 1


def stored_size(image: ImageFile) -> tuple[int, int]:
    """Return width and height of an opened image as they are stored, before the orientation is applied."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):  # PIL swaps the two for some orientations
        return int(image.tag_v2[_STORED_WIDTH]), int(image.tag_v2[_STORED_HEIGHT])
    return image.size


def upright_size(image: ImageFile) -> tuple[int, int]:
    """Return width and height of an opened image as `decode` gives it: the one place that knows."""
    width, height = stored_size(image)
    return (height, width) if orientation_of(image) in (5, 6, 7, 8) else (width, height)


@contextlib.contextmanager
def opened(source: Source, name: str | None = None, *, for_pixels: bool = False) -> Iterator[ImageFile]:
    """Open an image behind its header, not decoded; whatever goes wrong while it is open becomes an ImageError.

    name: what an error calls the image (default: its path). for_pixels: leave out what a PNG says beside its pixels and
    its orientation, so that nothing of it can keep them from being read.
    """
    kind = "an image"
    name = name or source_name(source)
    try:
        with _stream(source) as stream:
            head = stream.read(16)
            reader = _reader(head, name)
            kind = reader.__name__.removesuffix("ImageFile").upper()
            stream.seek(0)
            with _open(reader, stream, for_pixels) as image:
                yield image
    except ImageError:
        raise
    except CodecError as error:
        damaged = error.code is ErrorCode.IMAGE_DAMAGED
        reason = f"cannot be decoded as {kind}: {error.reason}" if damaged else error.reason
        raise ImageError(name, reason, code=error.code) from error
    except Exception as error:
        # Damaged and hostile files raise almost anything out of the plugins (SyntaxError, struct.error, zlib.error,
        # MemoryError ...); all of it means the same to the user.
        if isinstance(error, OSError) and error.strerror:
            raise ImageError(name, f"cannot be read: {error.strerror}", code=ErrorCode.IMAGE_UNREADABLE) from error
        detail = " ".join(str(error).split()) or type(error).__name__
        raise ImageError(name, f"cannot be decoded as {kind}: {detail}", code=ErrorCode.IMAGE_DAMAGED) from error


def _open(reader: Callable[[IO[bytes]], ImageFile], stream: IO[bytes], for_pixels: bool) -> ImageFile:
    """Let PIL read the header; metadata that keep it from that are left out."""
    if reader is PngImagePlugin.PngImageFile:
        content = stream.read()
        try:
            reduced = png.without_side_chunks if for_pixels else png.sound_chunks
            image = reader(io.BytesIO(reduced(content)))
        except Exception:
            image = reader(io.BytesIO(png.without_side_chunks(content)))
        image.info.update(png.orientation_sources(content))
        return image
    try:
        return reader(stream)
    except Exception:
        if reader not in _REDUCED:
            raise
        stream.seek(0)
        return reader(io.BytesIO(_REDUCED[reader](stream.read())))


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
