"""What cannot be decoded: each with one clear line, whatever the bytes are."""

from __future__ import annotations

import io
import os
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from forensictransfer.core.errors import UserError
from forensictransfer.data.decode import ImageError, decode

LIMIT = 10**8


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)
    return pixels[:, :, 0] if channels == 1 else pixels


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def by_pil(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def png(width: int, height: int, depth: int, colour: int, packed_rows: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", packed_rows) + chunk(b"IEND", b"")


def refused(code: str, source: Path | bytes, max_pixels: int = LIMIT) -> str:
    """The message of a refusal of this code; it must be one line that begins with the image's name."""
    with pytest.raises(ImageError, check=lambda error: error.code == code) as caught:
        decode(source, max_pixels=max_pixels)
    message = str(caught.value)
    assert isinstance(caught.value, UserError)
    assert "\n" not in message
    assert message.endswith(caught.value.reason)
    assert message.startswith(f"{source}: " if isinstance(source, Path) else f"encoded image of {len(source)} bytes: ")
    return message


@pytest.mark.parametrize(("kind", "word"), [(np.float32, "floating"), (np.int32, "signed")])
def test_samples_without_a_known_white_are_refused(kind: type, word: str) -> None:
    data = encoded(Image.fromarray(np.zeros((4, 4), kind)), "TIFF")
    assert word in refused("image-samples-unsupported", data)


def test_a_huge_png_of_few_bytes_is_refused_before_it_is_decoded() -> None:
    packer = zlib.compressobj(9)
    row = bytes(1 + 30_000 // 8)
    rows = b"".join(packer.compress(row) for _ in range(30_000)) + packer.flush()
    data = png(30_000, 30_000, 1, 0, rows)
    assert len(data) < 200_000
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        message = refused("image-too-large", data)
    assert "30,000 x 30,000" in message and "900.0" in message and "100" in message and "data.max_megapixels" in message


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF"])
def test_the_limit_is_ours_and_pil_does_not_warn(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(Image.fromarray(noise(3, 5)), kind)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decode(data, max_pixels=15).shape == (3, 5, 3)
        assert "5 x 3 " in refused("image-too-large", data, max_pixels=14)


def test_files_that_are_no_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused("image-unreadable", tmp_path / "missing.png")
    (tmp_path / "folder.png").mkdir()
    refused("image-unreadable", tmp_path / "folder.png")
    (tmp_path / "nowhere.png").symlink_to(tmp_path / "gone.png")
    refused("image-unreadable", tmp_path / "nowhere.png")
    os.mkfifo(tmp_path / "pipe.png")
    refused("image-unreadable", tmp_path / "pipe.png")
    (tmp_path / "empty.png").touch()
    refused("image-empty", tmp_path / "empty.png")
    (tmp_path / "text.png").write_text("just some words")
    assert "PNG, JPEG, WebP, BMP or TIFF" in refused("image-format-unknown", tmp_path / "text.png")
    assert "GIF" in refused("image-format-unknown", encoded(Image.fromarray(noise(4, 4)), "GIF"))
    (tmp_path / "locked.png").write_bytes(encoded(Image.fromarray(noise(4, 4)), "PNG"))

    def locked(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", locked)
    assert "Permission denied" in refused("image-unreadable", tmp_path / "locked.png")


KINDS: list[tuple[str, dict[str, object]]] = [
    ("JPEG", {}),
    ("PNG", {}),
    ("BMP", {}),
    ("WEBP", {"lossless": True}),
    ("TIFF", {}),
    ("TIFF", {"compression": "tiff_lzw"}),
]
FILES = {
    f"{kind} {index}": encoded(Image.fromarray(noise(24, 24)), kind, **options)
    for index, (kind, options) in enumerate(KINDS)
}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(FILES)), st.floats(0, 1, exclude_max=True))
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_truncated_file_is_never_taken_for_another_image(kind: str, share: float) -> None:
    data = FILES[kind]
    cut = data[: int(share * len(data))]
    try:
        found = decode(cut, max_pixels=LIMIT)
    except ImageError:
        return
    # Only bytes behind the pixels were lost (an end marker), or the last ones of a JPEG's, which spoil 2 % at most.
    wrong = (found != by_pil(data)).any(axis=2).mean()
    assert wrong <= (0.02 if kind.startswith("JPEG") else 0)
    assert len(cut) > 0.9 * len(data)


@pytest.mark.parametrize("kind", sorted(FILES))
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_half_a_file_is_refused(kind: str) -> None:
    assert f" {kind.split()[0]}: " in refused("image-damaged", FILES[kind][: len(FILES[kind]) // 2])


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(FILES)), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8))
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damage_ends_in_pixels_or_in_an_image_error(kind: str, changes: list[tuple[float, int]]) -> None:
    data = bytearray(FILES[kind])
    for place, value in changes:
        data[8 + int(place * (len(data) - 9))] = value
    try:
        found = decode(bytes(data), max_pixels=10**6)
    except ImageError as error:
        assert "\n" not in str(error)
    else:
        assert found.dtype == np.uint8
        assert found.ndim == 3
