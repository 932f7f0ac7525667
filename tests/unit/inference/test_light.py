"""Light on objects that are outlined: words, JSON and the picture, and masks that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import forensictransfer as ft
from forensictransfer.cli.main import main
from forensictransfer.core.errors import UserError
from tests.unit.detectors.signals.test_lighting import sphere


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Two spheres side by side, lit from 30 and from 150 degrees, and a mask of each; the right one's is partly red."""
    (left, inside), (right, _) = sphere(30), sphere(150)
    grey = 255 * (np.hstack([left, right]) / 255) ** (1 / 2.2)
    Image.fromarray(np.clip(grey, 0, 255).round().astype(np.uint8)).save(tmp_path / "two.png")
    none = np.zeros_like(inside)
    for name, mask in (("left", (inside, none)), ("right", (none, inside)), ("nothing", (none, none))):
        shown = np.repeat(np.hstack(mask)[..., None], 3, axis=2) * np.uint8(255)
        if name == "right":
            shown[130:, :] = (255, 0, 0)
        Image.fromarray(shown).save(tmp_path / f"{name}.png")
    return tmp_path


def test_two_objects_under_two_lights_differ(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    masks = [str(picture / "left.png"), str(picture / "right.png")]
    assert main(["light", str(picture / "two.png"), "--object", *masks, "--out", str(picture / "found")]) == 0
    out = capsys.readouterr().out
    assert "light from 30 degrees" in out or "light from 29 degrees" in out or "light from 31 degrees" in out
    assert "two lights differ" in out and "light.png in" in out
    said = json.loads((picture / "found" / "light.json").read_text())
    assert said["differ"] and said["comparisons"][0]["apart"] == pytest.approx(120, abs=6)
    assert said["comparisons"][0]["p"] < 1e-6
    with Image.open(picture / "found" / "light.png") as drawn:
        assert drawn.size == (320, 160)
        shown = np.asarray(drawn).astype(int)
    coloured = (np.ptp(shown, axis=2) > 60).nonzero()
    assert coloured[1].min() < 60 and coloured[1].max() > 260
    assert (shown[136:, 160:] == shown[136:, 160:, :1]).all()  # no outline where the mask is red


def test_one_object_is_compared_with_none(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left = picture / "left.png"
    assert main(["light", str(picture / "two.png"), "--object", str(left), str(left)]) == 0
    assert "differ" not in capsys.readouterr().out
    found = ft.light(picture / "two.png", left)
    assert len(found.objects) == 1 and not found.comparisons and not found.differ and found.picture is None


def test_an_object_without_a_direction_is_said_so(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (320, 160), (90, 90, 90)).save(picture / "flat.png")
    assert main(["light", str(picture / "flat.png"), "--object", str(picture / "left.png")]) == 0
    assert "no direction: its brightness does not go" in capsys.readouterr().out


def test_masks_that_cannot_be_used(picture: Path) -> None:
    Image.new("L", (20, 10), 255).save(picture / "small.png")
    for mask, words in (("nothing", r"white on black, got no white$"), ("small", "320 x 160, got 20 x 10")):
        with pytest.raises(UserError, match=words, check=lambda error: error.code == "masks-unsuitable"):
            ft.light(picture / "two.png", picture / f"{mask}.png")
    with pytest.raises(UserError, match="at least one mask", check=lambda error: error.code == "command-line"):
        ft.light(picture / "two.png", [])
    with pytest.raises(UserError, match=r"gone\.png", check=lambda error: error.code == "image-unreadable"):
        ft.light(picture / "two.png", picture / "gone.png")
