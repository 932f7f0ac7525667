"""Repeats whose number, place and map are known: counted by hand, and copied within photographs of scikit-image."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from skimage import data

from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.evidence import Evidence
from forensictransfer.detectors.signals.copy_move.detector import CopyMove, find_near_copies
from forensictransfer.detectors.signals.copy_move.exact import find_copies, find_repeats
from forensictransfer.detectors.signals.copy_move.keypoints import Matches, find_clusters
from tests.traces import encoded


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def examined(pixels: np.ndarray, quality: int | None = None) -> Evidence:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    content = stream.getvalue() if quality is None else encoded(pixels, quality, subsampling="4:2:0")
    (said,) = CopyMove().examine([ImageFile(content)])
    return said


def photograph() -> np.ndarray:
    """The astronaut's upper part: 256 x 256 pixels of face, flag and background."""
    return np.ascontiguousarray(data.astronaut()[:256, 100:356])


@pytest.mark.parametrize("side", [4, 8])
def test_equal_patches_are_counted(side: int) -> None:
    """A copy of 20 x 30 pixels holds (21 - side) (31 - side) patches, at one offset; noise has none."""
    pixels = noise(90, 120)
    assert find_repeats(pixels, side).most == 0
    pixels[60:80, 70:100] = pixels[10:30, 5:35]
    found = find_repeats(pixels, side)
    count = (21 - side) * (31 - side)
    assert len(found.first) == found.most == count and (found.offsets == (50, 65)).all()
    (copy,) = find_copies(found)
    assert copy.patches == count and copy.offset == (50, 65)
    mask = np.zeros((90, 120), bool)
    copy.draw(mask)
    true = np.zeros_like(mask)
    true[60:80, 70:100] = true[10:30, 5:35] = True
    np.testing.assert_array_equal(mask, true)


def test_one_grey_level_makes_a_patch_another() -> None:
    pixels = noise(60, 60)
    pixels[40:48, 40:48] = pixels[4:12, 4:12]
    assert find_repeats(pixels, 8).most == 1
    pixels[44, 44, 1] ^= 1
    assert find_repeats(pixels, 8).most == 0


def test_what_is_even_or_a_pattern_is_no_copy() -> None:
    """Even areas, stripes and a chequerboard repeat everywhere: none of it is told."""
    even = np.full((64, 96, 3), 200, np.uint8)
    stripes = even.copy()
    stripes[:, ::2] = 10
    tiles = np.tile(noise(16, 16), (4, 6, 1))  # 24 times the same
    assert find_repeats(even, 8).told == find_repeats(stripes, 8).told == 0
    assert find_repeats(tiles, 8).told > 0 and not find_copies(find_repeats(tiles, 8))
    said = examined(even)
    assert not said.applies and "no texture" in said.reason


def test_matches_that_agree_give_their_map() -> None:
    """Twelve points turned by 30 degrees, scaled by 1.2 and shifted, among as many that go anywhere."""
    rng = np.random.default_rng(3)
    angle = np.radians(30)
    matrix = 1.2 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = rng.uniform(20, 80, (12, 2))
    stray, goals = rng.uniform(0, 400, (12, 2)), rng.uniform(0, 400, (12, 2))
    one, other = np.concatenate([points, stray]), np.concatenate([points @ matrix.T + (200, 150), goals])
    scales, turns = np.full(24, 1.2), np.full(24, angle)
    found = Matches(
        np.concatenate([one, other]),
        np.concatenate([other, one]),
        np.concatenate([scales, 1 / scales]),
        np.concatenate([turns, -turns]),
        keypoints=48,
    )
    clusters = find_clusters(found, (400, 400))
    assert len(clusters) == 1 and len(clusters[0].points) == 12 and clusters[0].log10_nfa < -20
    near = clusters[0].matrix if np.linalg.det(clusters[0].matrix) > 1 else np.linalg.inv(clusters[0].matrix)
    np.testing.assert_allclose(near, matrix, atol=1e-6)


@pytest.mark.parametrize(("quality", "turn", "scale"), [(95, 0, 1), (75, 0, 1), (90, 10, 1), (90, 0, 1.2)])
def test_a_copy_that_was_changed_is_found_at_both_ends(quality: int, turn: float, scale: float) -> None:
    """A square of 72 pixels with the face, pasted at the lower left; the map is that which was made."""
    pixels = photograph()
    angle = np.radians(turn)
    matrix = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    places = np.linalg.inv(matrix) @ (np.indices((256, 256)).reshape(2, -1) - np.array([[196], [60]]))
    inside = (np.abs(places) < 36).all(axis=0)
    true = inside.reshape(256, 256)
    source = places + np.array([[98], [128]])
    values = [ndimage.map_coordinates(pixels[..., colour].astype(float), source) for colour in range(3)]
    pixels[true] = np.clip(np.stack(values, axis=-1)[inside], 0, 255).round()
    true[62:134, 92:164] = True
    said = examined(pixels, quality)
    assert said.score > 1 and said.mask is not None and said.heat_map is not None
    both = (said.mask & true).sum()
    assert (
        2 * both / (said.mask.sum() + true.sum()) > 0.75
    )  # its border is lost where what lies around it has strong edges
    copies, _ = find_near_copies(np.asarray(Image.open(io.BytesIO(encoded(pixels, quality)))))
    sizes = copies[0].scale if scale == 1 or copies[0].scale > 1 else 1 / copies[0].scale
    assert sizes == pytest.approx(scale, abs=0.02) and abs(copies[0].turn) == pytest.approx(turn, abs=1)
    assert f"{abs(copies[0].turn):.0f} degrees" in said.reasons[0]


@pytest.mark.parametrize("quality", [None, 90, 60])
def test_a_photograph_has_no_copies(quality: int | None) -> None:
    said = examined(photograph(), quality)
    assert said.score < 1 and said.mask is not None and not said.mask.any()
    assert said.reasons == ("no region occurs twice",)


def test_a_copy_outlasts_a_turn_of_the_image_and_a_lossless_file() -> None:
    """Exact copies are words of their own, with place and offset."""
    pixels = photograph()
    pixels[180:220, 10:50] = pixels[40:80, 120:160]
    said = examined(pixels)
    assert said.score > 2 and "equal in every bit" in said.reasons[0] and "140 further down" in said.reasons[0]
    turned = examined(np.rot90(pixels).copy())
    assert turned.mask is not None and said.mask is not None
    np.testing.assert_array_equal(turned.mask, np.rot90(said.mask))


def test_what_it_does_not_apply_to() -> None:
    assert "32 pixels" in examined(noise(24, 64)).reason
