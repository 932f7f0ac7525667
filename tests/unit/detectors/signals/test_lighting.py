"""Directions against spheres shaded by hand, outlines with parts left out, and what has no direction."""

from __future__ import annotations

import numpy as np
import pytest

from forensictransfer.detectors.signals.lighting.direction import (
    FEWEST,
    Direction,
    apart,
    find_direction,
    p_value,
    span,
)
from forensictransfer.detectors.signals.lighting.outline import Outline, find_outline, light_of

NOTHING = np.zeros((160, 160), bool)


def sphere(degrees: float, ambient: float = 60.0, lean: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """A matt sphere of radius 60 in linear light, float32, and where it is; lean: the light's part to the viewer."""
    y, x = np.mgrid[:160, :160] - 79.5
    inside = np.hypot(x, y) < 60
    depth = np.sqrt(np.maximum(3600 - x**2 - y**2, 0))
    turned, flat = np.radians(degrees), np.sqrt(1 - lean**2)
    shade = (flat * (np.cos(turned) * x - np.sin(turned) * y) + lean * depth) / 60
    noise = np.random.default_rng(0).normal(0, 2, shade.shape)
    return np.where(inside, ambient + 120 * np.maximum(shade, 0) + noise, 20).astype(np.float32), inside


def found(degrees: float, left_out: np.ndarray = NOTHING) -> Direction:
    light, inside = sphere(degrees)
    said = find_direction(find_outline(light, inside, left_out))
    assert isinstance(said, Direction), said
    return said


@pytest.mark.parametrize("degrees", [-170.0, -90.0, 0.0, 37.0, 90.0, 180.0])
def test_the_light_of_a_sphere_is_found(degrees: float) -> None:
    said = found(degrees)
    assert abs(float(apart(said.degrees, degrees))) < 3 and 0 < said.error < 4
    low, high = said.interval
    assert high - low == pytest.approx(2 * 1.96 * said.error) and said.explained > 0.9


def test_normals_point_away_from_the_object() -> None:
    light, inside = sphere(0)
    outline = find_outline(light, inside, NOTHING)
    assert len(outline) > 250
    radii = np.stack([outline.x - 79.5, 79.5 - outline.y], axis=1)
    cosines = (radii * outline.normals).sum(axis=1) / np.hypot(*radii.T)
    assert cosines.min() > 0.99 and span(outline.normals) > 350
    assert (np.diff(outline.place) >= 0).all()


def test_the_brightness_is_that_at_the_outline() -> None:
    """Facing the light 60 + 120 sqrt(3) / 2 = 164; facing away the ambient alone, 60.

    Some levels more by the light to the viewer, whose course a root of the depth is near the outline alone.
    """
    light, inside = sphere(0)
    outline = find_outline(light, inside, NOTHING)
    right = outline.normals[:, 0] > 0.97
    assert np.median(outline.brightness[right]) == pytest.approx(164, abs=12)
    assert np.median(outline.brightness[outline.normals[:, 0] < -0.97]) == pytest.approx(60, abs=8)


def test_red_parts_and_the_border_are_left_out() -> None:
    light, inside = sphere(20)
    left_out = NOTHING.copy()
    left_out[100:] = True
    outline = find_outline(light, inside, left_out)
    assert outline.y.max() < 100 - 4 and abs(found(20, left_out).degrees - 20) < 6
    cut = find_outline(light[:, :80], inside[:, :80], NOTHING[:, :80])
    assert cut.x.max() < 76
    assert not len(find_outline(light, inside, ~NOTHING))


def test_two_lights_are_compared_by_their_error_bars() -> None:
    one, other = (Direction(degrees, 3.0, 100, 30, 0.9, 300) for degrees in (178.0, -172.0))
    assert p_value(one, other) == pytest.approx(0.0184, abs=1e-3)  # 10 degrees are 2.357 deviations of 3 sqrt(2)
    assert p_value(one, one) == pytest.approx(1)
    assert p_value(found(40), found(100)) < 1e-6


def test_where_there_is_no_direction_it_says_why() -> None:
    light, inside = sphere(0)
    outline = find_outline(light, inside, NOTHING)

    def part(chosen: np.ndarray) -> Outline:
        return Outline(*(getattr(outline, name)[chosen] for name in ("x", "y", "normals", "brightness", "place")))

    turned = np.degrees(np.arctan2(outline.normals[:, 1], outline.normals[:, 0]))
    assert f"fewer than {FEWEST}" in str(find_direction(part(np.arange(len(outline)) < FEWEST - 1)))
    assert "less than 90 degrees" in str(find_direction(part(np.abs(turned) < 40)))
    shade = np.random.default_rng(1).normal(50, 5, (160, 160)).astype(np.float32)
    assert "does not go with" in str(find_direction(find_outline(shade, inside, NOTHING)))
    clipped = np.full((160, 160), 255, np.float32)
    assert "fewer than" in str(find_direction(find_outline(clipped, inside, NOTHING)))


def test_luma_becomes_light() -> None:
    np.testing.assert_allclose(light_of(np.array([0, 127.5, 255, 300])), [0, 255 * 0.5**2.2, 255, 255], rtol=1e-5)
