"""Traces of single images: what files say of themselves, and how pictures look, each on an image made for it."""

from __future__ import annotations

import io
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter
from PIL.PngImagePlugin import PngInfo

from forensictransfer.auditing.traces.columns import FILE, TONE, TRACES, file_traces
from forensictransfer.auditing.traces.tone import flat_border, grid, sharpness, tone_traces
from forensictransfer.data.codecs.containers import container_facts
from forensictransfer.data.decode import ImageError

Picture = Callable[..., Image.Image]


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"))


@pytest.fixture(scope="module")
def picture(make_photograph: Picture) -> Image.Image:
    return make_photograph(1)


EXIF = Image.Exif()
EXIF[271], EXIF[272], EXIF[305], EXIF[274] = "Canon", "EOS 5D", "darktable", 3


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        ("JPEG", {}, {"file format": "JPEG", "colour mode": "RGB", "image size": "104 x 96", "width": 104.0}),
        ("JPEG", {}, {"height": 96.0, "aspect ratio": 104 / 96, "megapixels": 104 * 96 / 1e6, "bit depth": 8.0}),
        ("JPEG", {"quality": 83}, {"JPEG quality": 83.0}),
        ("JPEG", {"subsampling": "4:4:4"}, {"chroma subsampling": "4:4:4"}),
        ("JPEG", {"subsampling": "4:2:2"}, {"chroma subsampling": "4:2:2"}),
        ("JPEG", {"subsampling": "4:2:0"}, {"chroma subsampling": "4:2:0"}),
        ("JPEG", {}, {"JPEG coding": "baseline, standard Huffman tables", "restart interval": 0.0}),
        ("JPEG", {"optimize": True}, {"JPEG coding": "baseline, optimised Huffman tables"}),
        ("JPEG", {"progressive": True}, {"JPEG coding": "progressive"}),
        ("JPEG", {"restart_marker_blocks": 2}, {"restart interval": 2.0}),
        ("JPEG", {}, {"structure": "JFIF DQT*2 baseline DHT*4", "metadata": "none", "camera": "none"}),
        ("JPEG", {"exif": EXIF}, {"metadata": "EXIF", "camera": "Canon EOS 5D", "software": "darktable"}),
        ("JPEG", {"exif": EXIF}, {"orientation tag": "3", "EXIF entries": 4.0, "embedded thumbnail": "none"}),
        (
            "JPEG",
            {"icc_profile": b"profile"},
            {"metadata": "ICC", "colour profile": sha256(b"profile").hexdigest()[:8]},
        ),
        ("JPEG", {"comment": b"made by hand"}, {"metadata": "comment"}),
        ("JPEG", {"dpi": (72, 72)}, {"resolution tag": "dpi 72 x 72"}),
        ("PNG", {}, {"file format": "PNG", "structure": "IHDR IDAT IEND", "bit depth": 8.0, "metadata": "none"}),
        ("PNG", {"compress_level": 1}, {"PNG coding": "zlib level class 0, one piece"}),
        ("PNG", {"compress_level": 9}, {"PNG coding": "zlib level class 3, one piece"}),
        ("PNG", {"exif": EXIF}, {"metadata": "EXIF", "camera": "Canon EOS 5D"}),
        ("PNG", {"icc_profile": b"profile"}, {"metadata": "ICC"}),
        ("WEBP", {}, {"file format": "WEBP", "WebP coding": "lossy"}),
        ("WEBP", {"lossless": True}, {"WebP coding": "lossless"}),
        ("TIFF", {}, {"file format": "TIFF", "TIFF compression": "raw", "bit depth": 8.0}),
        ("TIFF", {"compression": "tiff_lzw"}, {"TIFF compression": "tiff_lzw"}),
        ("BMP", {}, {"file format": "BMP", "structure": "BMP"}),
    ],
)
def test_what_a_file_says_of_itself(
    picture: Image.Image, kind: str, options: dict[str, Any], expected: dict[str, Any]
) -> None:
    content = saved(picture, kind, **options)
    facts = file_traces(content)
    assert {name: facts[name] for name in expected} == expected
    assert facts["file size"] == len(content)
    assert facts["bytes per pixel"] == pytest.approx(len(content) / (96 * 104))
    assert set(facts) <= {trace.name for trace in TRACES if trace.part == FILE}


def test_the_colour_profile_is_told_by_its_digest(picture: Image.Image) -> None:
    one, two = (file_traces(saved(picture, "JPEG", icc_profile=text))["colour profile"] for text in (b"a", b"b"))
    assert one != two and "none" not in (one, two)


def test_text_in_a_png_is_told_by_its_keys(picture: Image.Image) -> None:
    text = PngInfo()
    text.add_text("parameters", "a castle")
    text.add_itxt("Comment", "none")
    facts = file_traces(saved(picture, "PNG", pnginfo=text))
    assert facts["text keys"] == "Comment, parameters" and facts["metadata"] == "text"


@pytest.mark.parametrize(("mode", "depth"), [("L", 8.0), ("RGBA", 8.0), ("1", 1.0), ("P", 8.0), ("I;16", 16.0)])
def test_mode_and_depth(picture: Image.Image, mode: str, depth: float) -> None:
    image = Image.fromarray(np.zeros((8, 8), np.uint16)) if mode == "I;16" else picture.convert(mode)
    facts = file_traces(saved(image, "PNG"))
    assert (facts["colour mode"], facts["bit depth"]) == (mode, depth)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_bytes_after_the_end_are_counted(picture: Image.Image, kind: str) -> None:
    assert file_traces(saved(picture, kind))["bytes after the end"] == 0
    assert file_traces(saved(picture, kind) + b"x" * 41)["bytes after the end"] == 41


def test_two_pictures_in_one_jpeg_are_a_jpeg(picture: Image.Image) -> None:
    content = saved(picture, "MPO", save_all=True, append_images=[picture])
    assert file_traces(content)["file format"] == "JPEG"


@given(st.integers(1, 100))
def test_the_quality_is_that_of_the_encoder(quality: int) -> None:
    content = saved(Image.new("RGB", (8, 8)), "JPEG", quality=quality)
    facts = file_traces(content)
    # Below quality 4 or so the tables are all 255 and cannot be told apart.
    assert facts["JPEG quality"] == quality or quality < 5
    assert f"(quality {facts['JPEG quality']:.0f})" in str(facts["quantisation tables"])


CONTENTS = {kind: saved(Image.effect_noise((40, 40), 50).convert("RGB"), kind) for kind in ("JPEG", "PNG", "WEBP")}


@given(st.sampled_from(sorted(CONTENTS)), st.integers(0, 3000), st.binary(max_size=9))
def test_damaged_containers_are_read_as_far_as_they_go(kind: str, place: int, noise: bytes) -> None:
    content = CONTENTS[kind]
    for damaged in (content[:place], content[:place] + noise + content[place + len(noise) :]):
        facts = container_facts(damaged, kind)
        assert isinstance(facts["structure"], str) and isinstance(facts["metadata"], str)


def test_what_is_no_image_is_told_as_the_decoder_tells_it() -> None:
    with pytest.raises(ImageError, check=lambda error: error.code == "image-format-unknown"):
        file_traces(b"no image at all")


def test_brightness_contrast_and_colour() -> None:
    half = np.zeros((64, 64, 3), np.uint8)
    half[:, 32:] = 200
    facts = tone_traces(half)
    assert facts["brightness"] == pytest.approx(100) and facts["contrast"] == pytest.approx(100)
    assert facts["saturation"] == 0 and facts["grey picture"] == "yes"
    assert facts["clipped pixels"] == pytest.approx(0.5)
    orange = tone_traces(np.full((64, 64, 3), (200, 100, 50), np.uint8))
    assert orange["warmth (red - blue)"] == 150 and orange["tint (green)"] == -25
    assert orange["saturation"] == pytest.approx(150 / 255) and orange["grey picture"] == "no"
    assert set(facts) == {trace.name for trace in TRACES if trace.part == TONE}


def test_blur_lowers_the_sharpness_and_light_does_not(picture: Image.Image) -> None:
    grey = np.asarray(picture.convert("L")).astype(np.int16)
    blurred = np.asarray(picture.filter(ImageFilter.GaussianBlur(1)).convert("L")).astype(np.int16)
    assert sharpness(blurred) < sharpness(grey) - 0.5
    assert sharpness(grey // 2) == pytest.approx(sharpness(grey), abs=0.05)
    assert sharpness(np.full((9, 9), 7, np.int16)) == 0
    noise = np.random.default_rng(0).integers(-100, 100, (200, 200)).astype(np.int16)
    assert sharpness(noise) == pytest.approx(np.log10(20), abs=0.03)  # 4^2 + 4 x 1^2 times the variance


@pytest.mark.parametrize("cut", [(0, 0), (3, 5), (4, 0), (7, 7)])
def test_the_grid_is_found_where_a_jpeg_was_cut(make_photograph: Picture, cut: tuple[int, int]) -> None:
    image = Image.open(io.BytesIO(saved(make_photograph(2, (200, 200)), "JPEG", quality=70)))
    part = np.asarray(image.convert("L"))[cut[1] :, cut[0] :].astype(np.int16)
    phase, in_place, elsewhere = grid(part)
    assert phase == f"{-cut[0] % 8},{-cut[1] % 8}"
    assert (in_place > elsewhere) == (cut == (0, 0))


def test_pictures_that_were_no_jpeg_have_no_grid(make_photograph: Picture) -> None:
    found = [grid(np.asarray(make_photograph(i, (128, 128)).convert("L")).astype(np.int16))[0] for i in range(20)]
    assert found.count("none") >= 18
    assert grid(np.zeros((64, 64), np.int16)) == ("none", 0.0, 0.0)
    assert grid(np.zeros((9, 64), np.int16))[0] == "none"


def test_flat_borders_are_measured(picture: Image.Image) -> None:
    array = pixels(picture).copy()
    assert flat_border(array) == 0
    array[-5:] = 0
    assert flat_border(array) == 5
    array[:, :9] = (1, 2, 3)
    assert flat_border(array) == 9
    assert flat_border(np.zeros((400, 400, 3), np.uint8)) == 64


def test_large_pictures_are_measured_in_their_middle(make_photograph: Picture) -> None:
    large = np.zeros((1100, 1300, 3), np.uint8)
    large[288:800, 392:904] = pixels(make_photograph(3, (512, 512)))
    middle = tone_traces(large[288:800, 392:904])
    assert {k: v for k, v in tone_traces(large).items() if k != "flat border"} == {
        k: v for k, v in middle.items() if k != "flat border"
    }


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (2, 2), (33, 31)])
def test_tiny_pictures_have_a_tone_too(shape: tuple[int, int]) -> None:
    facts = tone_traces(np.full((*shape, 3), 9, np.uint8))
    assert all(isinstance(value, str) or np.isfinite(value) for value in facts.values())
