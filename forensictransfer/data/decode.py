"""THE decoder: encoded image in, `uint8 (h, w, 3)` out, the same for training, evaluation and prediction.

Bit-exact with `PIL.Image.open(...).convert("RGB")` for plain colour files: the fast DCT of other libraries is up to
four grey levels off, which is more than the traces of most forgeries. Nothing is resized and no colour profile is
applied. What is not plain colour follows a stated rule:

- Orientation (EXIF, or XMP where EXIF has none): applied, all eight.
- Alpha: dropped. The colours stay as stored (compositing would change them); premultiplied colours come as PIL
  un-multiplies them.
- Greyscale and 1-bit: replicated into the three channels (a set bit is 255, unless the file says that white is zero).
- Palette: the palette's colours.
- CMYK and YCCK: PIL's plain conversion.
- More than 8 bits: the top 8 bits (16-bit: value >> 8). Samples of 32 bits, signed or floating: refused, since no one
  knows what their white is.
- Animations (APNG, WebP) and multi-page TIFF: the first frame.
- Metadata never decide over pixels: whatever is wrong with a text, profile, EXIF or checksum of a side chunk, the
  picture is read, and the metadata count as none.
- A picture of which a part is missing is refused, also where the library would fill it with grey; missing last bytes
  of a JPEG are not (`codecs.jpeg` has the limits).

PNG, JPEG, WebP, BMP and TIFF are read; the content decides, not the suffix. The header's size is checked before
anything is decoded. No global state of PIL is touched, so the functions may be called from any number of threads.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import threading
import warnings
from collections.abc import Iterator

import numpy as np
from PIL import Image, JpegImagePlugin, TiffImagePlugin
from PIL.ImageFile import ImageFile

from forensictransfer.core.errors import ErrorCode
from forensictransfer.data.codecs import tiff
from forensictransfer.data.codecs.errors import CodecError
from forensictransfer.data.codecs.jpeg import decode_jpeg
from forensictransfer.data.encoded import (
    ImageError,
    Source,
    opened,
    orientation_of,
    read_content,
    source_name,
    stored_size,
)

__all__ = ["ImageError", "Source", "decode", "digest"]

_BITS_PER_SAMPLE = 258
_WARNINGS_LOCK = threading.Lock()


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
    name = name or source_name(source)
    content = read_content(source, name)
    with opened(content, name, for_pixels=True) as image:
        width, height = image.size
        if width * height > max_pixels:
            raise ImageError(
                name,
                f"{width:,} x {height:,} pixels are {width * height / 1e6:.1f} megapixels, "
                f"expected at most {max_pixels / 1e6:g} (data.max_megapixels)",
                code=ErrorCode.IMAGE_TOO_LARGE,
            )
        orientation = orientation_of(image)
        pixels = _pixels(image, content)
        if pixels.shape[:2] != stored_size(image)[::-1]:
            raise CodecError(
                f"the header says {width} x {height} pixels, the data {pixels.shape[1]} x {pixels.shape[0]}"
            )
    pixels = np.ascontiguousarray(upright(pixels, orientation))
    pixels.setflags(write=False)
    return pixels


def digest(pixels: np.ndarray) -> str:
    """Compute the identity of decoded pixels: SHA-256, in hex, over the shape and the bytes of `uint8 (h, w, 3)`."""
    state = hashlib.sha256(repr(tuple(pixels.shape)).encode())
    state.update(np.ascontiguousarray(pixels).data)
    return state.hexdigest()


def _pixels(image: ImageFile, content: bytes) -> np.ndarray:
    """Decode the pixels of an opened image, uint8 (h, w, 3), before the orientation is applied."""
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        if image.mode != "CMYK":
            return decode_jpeg(content, "RGB").pixels
        return tiff.rgb_of(_loaded(JpegImagePlugin.JpegImageFile(io.BytesIO(decode_jpeg(content, "CMYK").content))))
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        with _without_size_warning(image):
            found = tiff.decode_tiff(content)
        return found if isinstance(found, np.ndarray) else _rgb(found)
    return _rgb(_loaded(image))


def _loaded(image: ImageFile) -> ImageFile:
    image.load()
    return image


@contextlib.contextmanager
def _without_size_warning(image: ImageFile) -> Iterator[None]:
    """Stop the TIFF plugin's warning of large images: the limit was checked.

    Filters of warnings belong to all threads, hence the lock, and hence only where the warning is due.
    """
    if image.width * image.height <= (Image.MAX_IMAGE_PIXELS or float("inf")):
        yield
        return
    with _WARNINGS_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield


def _rgb(image: Image.Image) -> np.ndarray:
    """Convert the loaded image to uint8 (h, w, 3)."""
    mode = image.mode
    # Older versions of PIL read 16-bit PNG as "I", too.
    if mode.startswith("I;16") or (mode == "I" and image.format == "PNG"):
        bits = image.tag_v2.get(_BITS_PER_SAMPLE, (16,))[0] if isinstance(image, TiffImagePlugin.TiffImageFile) else 16
        top = (np.asarray(image) >> (bits - 8)).astype(np.uint8)
        return np.repeat(top[:, :, None], 3, axis=2)
    if mode in ("I", "F"):
        kind = "floating" if mode == "F" else "32-bit or signed"
        raise CodecError(
            f"expected samples of 1 to 16 bits without sign, found {kind} samples", ErrorCode.IMAGE_SAMPLES_UNSUPPORTED
        )
    # A transparent colour makes PIL warn; alpha is dropped in any case.
    image.info.pop("transparency", None)
    return tiff.rgb_of(image)


def as_stored(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Undo `upright`: turn an array (h, w, ...) back to how the camera stored it."""
    return upright(pixels, {6: 8, 8: 6}.get(orientation, orientation))


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Undo the camera's orientation (EXIF 2.3, tag 0x0112) of an array (h, w, ...); unknown values count as upright."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels
