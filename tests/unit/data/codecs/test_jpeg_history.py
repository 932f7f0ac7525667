"""What a JPEG file tells of the program that wrote it: known writers, and tables with one step changed."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from forensictransfer.data.codecs.jpeg_history import (
    CHROMINANCE,
    LUMINANCE,
    ROBIDOUX,
    JpegHistory,
    nearest_quality,
    scaled_table,
)
from forensictransfer.data.image_file import ImageFile

PICTURE = np.random.default_rng(0).integers(0, 256, (32, 48, 3), np.uint8)


def history(pixels: np.ndarray = PICTURE, **options: Any) -> JpegHistory:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", **options)
    found = ImageFile(stream.getvalue()).jpeg_history
    assert found is not None
    return found


def test_tables_scale_with_the_quality() -> None:
    # By hand: 50 is the table itself; 75 half of it, rounded; 25 twice; 100 all ones.
    assert np.array_equal(scaled_table(50), LUMINANCE) and scaled_table(75)[0, 0] == 8 and scaled_table(75)[0, 1] == 6
    assert scaled_table(25, CHROMINANCE)[0, 0] == 34 and (scaled_table(100) == 1).all() and scaled_table(1).max() == 255


@pytest.mark.parametrize("quality", [1, 30, 50, 75, 92, 99, 100])
def test_the_quality_of_a_file_is_the_one_it_was_saved_at(quality: int) -> None:
    found = history(quality=quality)
    assert (found.quality, found.tables, found.subsampling) == (quality, "standard", "4:2:0")
    assert nearest_quality(scaled_table(quality)) == quality


def test_the_plain_encoder_is_known_by_its_defaults() -> None:
    assert [writer.partition(" ")[0] for writer in history(quality=80).writers] == ["libjpeg"]
    assert not history(quality=80, optimize=True).writers and not history(quality=80, comment=b"mine").writers
    assert "optimised" in history(quality=80, optimize=True).coding
    assert history(quality=80, progressive=True).coding == "progressive"


def test_other_tables_are_the_files_own() -> None:
    table = scaled_table(80)
    table[0, 1] += 1
    found = history(qtables=[table.ravel().tolist(), scaled_table(80, CHROMINANCE).ravel().tolist()])
    assert (found.quality, found.tables) == (80, "of its own") and not found.writers
    assert found.words[0] == "about quality 80, tables of its own"


def test_tables_of_robidoux_and_a_progressive_file_are_mozjpegs() -> None:
    tables = [scaled_table(70, ROBIDOUX).ravel().tolist()] * 2
    found = history(qtables=tables, progressive=True)
    assert (found.quality, found.tables) == (70, "of Robidoux") and found.writers[0].startswith("mozjpeg")
    assert not history(qtables=tables).writers


@pytest.mark.parametrize(("comment", "writer"), [(b"CREATOR: gd-jpeg v1.0", "PHP"), (b"Lavc60.3.100", "FFm")])
def test_comments_name_their_writers(comment: bytes, writer: str) -> None:
    (found,) = history(comment=comment).writers
    assert found.startswith(writer)


def test_sampling_and_other_formats() -> None:
    assert history(subsampling="4:4:4").subsampling == "4:4:4" and history(subsampling="4:2:2").subsampling == "4:2:2"
    assert history(PICTURE[..., 0]).subsampling == "grey"
    stream = io.BytesIO()
    Image.fromarray(PICTURE).save(stream, "PNG")
    assert ImageFile(stream.getvalue()).jpeg_history is None
