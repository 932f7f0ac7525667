"""Coefficients as they are stored: times their steps they are the DCT of the pixels."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from scipy.fft import dctn

from forensictransfer.data.codecs.errors import CodecError
from forensictransfer.data.codecs.jpeg_coefficients import read_coefficients
from forensictransfer.data.encoded import ImageError
from forensictransfer.data.image_file import ImageFile
from tests.traces import encoded, picture

PICTURE = picture(40, 56)


def test_they_are_the_transform_of_the_pixels() -> None:
    table = np.arange(1, 65).reshape(8, 8)  # not symmetric: rows are vertical frequencies
    image = ImageFile(encoded(PICTURE[..., 0], 50, qtables=[table.ravel().tolist()], subsampling=-1))
    (luma,) = image.coefficients
    assert luma.values.shape == (5, 7, 8, 8) and luma.values.dtype == np.int16 and np.array_equal(luma.steps, table)
    blocks = image.pixels[..., 0].reshape(5, 8, 7, 8).swapaxes(1, 2) - 128.0
    difference = dctn(blocks, axes=(2, 3), norm="ortho") - luma.values * luma.steps.astype(float)
    assert np.abs(difference).max() < 3  # pixels were rounded


def test_chroma_has_fewer_blocks_and_borders_are_padded() -> None:
    planes = read_coefficients(encoded(picture(65, 97), 80, subsampling="4:2:0"))
    assert [plane.values.shape[:2] for plane in planes] == [(9, 13), (5, 7), (5, 7)]


def test_other_files_have_none_and_damaged_ones_are_errors() -> None:
    stream = io.BytesIO()
    Image.fromarray(PICTURE).save(stream, "PNG")
    assert ImageFile(stream.getvalue()).coefficients == ()
    content = encoded(PICTURE, 80)
    with pytest.raises(ImageError, match="cut.jpg"):
        _ = ImageFile(content[: len(content) // 2], name="cut.jpg").coefficients
    with pytest.raises(CodecError, match="cannot be read"):
        read_coefficients(b"no JPEG")
    stream = io.BytesIO()
    Image.fromarray(PICTURE).convert("CMYK").save(stream, "JPEG")
    with pytest.raises(ImageError, match="luma and chroma"):
        _ = ImageFile(stream.getvalue(), name="cmyk.jpg").coefficients
