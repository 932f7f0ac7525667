"""Benchmarks of detectors of signals at toy size: that they run, count by kind, and put masks where the pixels are."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.signals.copy_move.exact import find_repeats
from forensictransfer.detectors.signals.splicebuster.detector import Splicebuster
from tests.generators import domain
from tests.scripts import ROOT, script

pytestmark = pytest.mark.skipif(not (ROOT / "benchmarks").is_dir(), reason="needs the checkout")


def test_false_alarms_are_counted_by_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(tmp_path / "noise.png")
    (tmp_path / "damaged.png").write_bytes(b"no image")
    words = ["--images", "2", "--workers", "1", "--kinds", "as it is", "JPEG of 50 to 100", "--folder", str(tmp_path)]
    assert script("jpeg_grid", monkeypatch).main(words) == 0
    out, err = capsys.readouterr()
    # None of two: at most 1 - 0.025 ** (1 / 2) = 0.842 of all; none of one: 0.975.
    assert "| as it is | 2 | 0 | 0 | 0 | 0.0 [0.0, 841.9] |" in out
    assert "| folder | 1 | 0 | 0 | 0 | 0.0 [0.0, 975.0] |" in out and "damaged.png" in err


def test_traces_of_a_mosaic_are_measured(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    words = "--images 1 --without 1 --how bilinear --qualities 98 --workers 1".split()
    assert script("cfa", monkeypatch).main(words) == 0
    out = capsys.readouterr().out
    assert "| none | 98 | 0 of 1 [0.0, 97.5] | - |" in out
    assert "| bilinear | 98 | 3 of 3 [29.2, 100.0] | 3 of 3 [29.2, 100.0] | 0 of 1 [0.0, 97.5] |" in out


def test_lenses_and_lights_are_made_and_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = script("photography", monkeypatch)
    monkeypatch.setattr(module, "_undone", lambda path: ImageFile(path).pixels)  # a search for each photograph
    assert module.main("--images 1 --sizes 480 --qualities 95 --workers 1".split()) == 0
    row = capsys.readouterr().out.splitlines()[2]
    assert row.startswith("| 480 | 95 | 0 of 1 | ")
    # A lens of alpha 1.002 about the middle moves red by a fifth of a pixel 100 pixels off it.
    lens = module.Lens((2e-3, -1e-3), (10.0, 0.0))
    np.testing.assert_allclose(lens.at(210.0, 50.0, (100, 200)), [[0.2, 0], [-0.1, 0]])
    assert script("light", monkeypatch).main(["--images", "1", "--rows", "even surface"]) == 0
    assert "| even surface | 1 of 1 | " in capsys.readouterr().out


def test_cameras_are_simulated_and_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = script("cameras", monkeypatch)
    monkeypatch.setattr(module, "SIZE", (192, 256))
    monkeypatch.setattr(module, "CHANGES", {"as it is": module.CHANGES["as written, JPEG of 92"]})
    monkeypatch.setattr(module, "PASTED", (0, 128))
    words = ["--cameras", "2", "--photographs", "6", "--images", "2", "--strength", "0.03"]
    assert module.main([str(tmp_path / "cameras"), *words]) == 0
    out = capsys.readouterr().out
    assert "| as it is | 2 of 2 [15.8, 100.0] % |" in out and "| 0 of 2 [0.0, 84.2] % |" in out
    assert "| nothing | 0 of 2" in out and "| 128 x 128 |" in out


def test_changed_images_of_a_generator_are_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = script("generators", monkeypatch)
    wanted = ("as stored", "without 8 rows and columns at the upper left", "resized by 0.9")
    monkeypatch.setattr(module, "CHANGES", {name: module.CHANGES[name] for name in wanted})
    assert module.main([str(domain(tmp_path / "one", 1, 0)), "--side", "32"]) == 0
    out = capsys.readouterr().out
    assert "one: 40 fakes, tiles of 32" in out
    assert "| as stored | 100.0 % [63.1, 100.0] of 8 | " in out
    assert "| without 8 rows and columns at the upper left | 0.0 % [0.0, 36.9] of 8 | " in out
    assert module.main([str(tmp_path / "one"), "--side", "64"]) == 0
    assert "| resized by 0.9 | no fake is as large as a tile | - | no real is as large" in capsys.readouterr().out


def test_patches_of_another_history_are_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = script("splices", monkeypatch)
    assert module.main("--detector splicebuster --images 1 --qualities 95 --workers 1".split()) == 0
    assert "| 95 | 1 of 1 | 1 of 1 | " in capsys.readouterr().out
    # Of two sound and two spliced images: three pairs of four are in order, one is level.
    values = [np.array([1.0, 2.0]), np.array([2.0, 3.0])]
    assert module.with_interval(values, "auc").startswith("0.875 [")


def test_ghosts_are_measured_on_one_grid_and_on_all(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = script("jpeg_ghosts", monkeypatch)
    monkeypatch.setattr(module, "FIRST", (65,))
    monkeypatch.setattr(module, "LAST", (None,))
    monkeypatch.setattr(module, "SOUND", {"JPEG": module.SOUND["JPEG"]})
    assert module.main("--sound 1 --forged 1 --workers 1".split()) == 0
    shown = capsys.readouterr().out
    assert "| all | 1 | 0 [0.0, 975.0] | 0 [0.0, 975.0] |" in shown
    assert "| own | 65 | none | 1 | 100 " in shown and "| other | 65 | none | 1 | 0 [0.0, 97.5] | 0 of 0 | " in shown


def test_a_square_on_another_grid_is_where_the_mask_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = script("jpeg_nonaligned", monkeypatch)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (64, 80, 3), np.uint8)
    moved = module.saved_on(pixels, 60, (3, 5))
    mask = module.square((64, 80), 16, rng)
    assert moved.shape == pixels.shape and mask.sum() == 256
    assert ((module.joined(moved, pixels, mask) != pixels).any(axis=2) <= mask).all()
    monkeypatch.setattr(module, "FIRST", (60,))
    assert module.main("--images 1 --sound 1 --last 95 --workers 1".split()) == 0
    shown = capsys.readouterr().out
    assert shown.count("| 60 | 1 of 1, 1, 0.") == 2 and "| saved once | 1 | 0 [0.0, 975.0] |" in shown


def test_a_square_without_the_first_compression_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = script("jpeg_double", monkeypatch)
    monkeypatch.setattr(module, "FIRST", (60,))
    assert module.main("--images 1 --sound 1 --last 60 90 --workers 1".split()) == 0
    shown = capsys.readouterr().out
    assert "| 60 | - | 1 of 1, 1, 1, 0.9" in shown or "| 60 | - | 1 of 1, 1, 1, 1.0" in shown
    assert "| saved once | 1 | 0 [0.0, 97.5] | 0 [0.0, 97.5] |" in shown


def test_what_survives_is_a_table_and_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = script("survival", monkeypatch)
    out = tmp_path / "survival.csv"
    words = f"--images 1 --traces jpeg_double --operations crop --workers 1 --csv {out}".split()
    assert module.main(words) == 0
    first, nothing, cropped = (line.split(",") for line in out.read_text().splitlines())
    assert first[:2] == ["trace", "operation"] and nothing[-1] == "survives"
    assert cropped[4:6] == ["0", "0"] and cropped[-1] == "gone", "a crop that is saved as PNG is no JPEG"
    assert "| jpeg_double | survives (1.000) | gone (0.500) |" in capsys.readouterr().out
    # The mask goes where the pixels go.
    mask = np.zeros((40, 60), bool)
    mask[10:30, 20:50] = True
    made = module.Made(np.repeat(255 * mask[..., None], 3, axis=2).astype(np.uint8), None, mask)
    for operation in ("half size", "crop", "network", "JPEG 75"):
        after = module.OPERATIONS[operation](made)
        assert after.mask.shape == after.pixels.shape[:2]
        assert ((after.pixels[..., 0] > 127) != after.mask).mean() < 0.1


def test_verdicts_follow_from_the_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    module = script("survival", monkeypatch)

    def outcomes(sound: float, forged: float) -> list[object]:
        return [
            module.Outcome("cfa", "crop", bool(kind), score + i / 100, True, 0.5)
            for kind, score in enumerate((sound, forged))
            for i in range(20)
        ]

    assert module.row(outcomes(0, 1), None)[0].verdict == module.row(outcomes(0, 1), 1.0)[0].verdict == "survives"
    assert module.row(outcomes(0, 0), 1.0)[0].verdict == "gone"
    assert module.row(outcomes(0, 0), None)[0].verdict == "not shown"
    assert module.row(outcomes(0, 0.05), 1.0)[0].verdict == "weakened"


def test_copies_are_made_where_the_mask_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both ends of an exact copy hold the same pixels; the table counts what was found of each kind."""
    module = script("copy_move", monkeypatch)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (200, 220, 3), np.uint8)
    made = module.forged(pixels, 32, 0, 1, rng)
    assert made is not None
    changed, mask = made
    assert mask.sum() == 2 * 32 * 32
    pasted = (changed != pixels).any(axis=2)
    assert (pasted <= mask).all() and find_repeats(changed, 8).most == 25 * 25
    assert module.forged(pixels[:50], 32, 0, 1, rng) is None
    monkeypatch.setattr(module, "FORGERIES", {"nothing": (0, 1, None)})
    monkeypatch.setattr(module, "SIDES", (32,))
    monkeypatch.setattr(module, "CHANGES", {"cropped": module.CHANGES["cropped"]})
    assert module.main("--images 1 --forged 1 --workers 1".split()) == 0
    shown = capsys.readouterr().out
    assert "| all | 1 | 0 |" in shown and "| nothing | 32 | 1 | 100.0 [2.5, 100.0] |" in shown


def test_provenance_measures_thumbnails_and_hostile_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small = np.random.default_rng(0).integers(0, 256, (2, 6, 8, 3), np.uint8)
    for number, pixels in enumerate(small):
        Image.fromarray(pixels).resize((160, 120), Image.Resampling.BICUBIC).save(tmp_path / f"{number}.png")
    module = script("provenance", monkeypatch)
    monkeypatch.setattr(module, "TIMES", 1)
    assert module.main(["--folder", str(tmp_path), "--megabytes", "0.01"]) == 0
    shown = capsys.readouterr().out
    assert "of another photograph: 2 of 2" in shown and "XMP, entity bomb" in shown and shown.count("left out") == 8


def test_noiseprint_measures_cameras_that_were_not_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cameras of one name write alike; a residual that is the camera's number sets all of them apart."""
    pytest.importorskip("cv2")
    module = script("noiseprint", monkeypatch)
    assert module.main(["photographs", str(tmp_path / "photos"), *"--cameras 2 --photographs 1 --side 64".split()]) == 0
    with Image.open(tmp_path / "photos" / "camera001" / "000.jpg") as image:
        assert image.size == (64, 64) and image.getexif()[272] == "1-1"
    calls = itertools.count()

    def told(pixels: np.ndarray) -> np.ndarray:
        return np.full(
            pixels.shape[:2], next(calls) // 4, float
        )  # four photographs of each camera, one after the other

    module.together({"told": told, "Laplacian": module.laplacian}, 3, 1, 16, 0)
    module.splices({"splicebuster": Splicebuster()}, 1, 0)
    shown = capsys.readouterr().out
    assert "| told | 1.000 [1.000, 1.000] | 1.000 [1.000, 1.000] | 1.000 |" in shown
    assert "| by chance | 0.500 | 0.273 |" in shown and "| none | splicebuster |" in shown
    pixels, mask = module.spliced(0, True, None)
    sound, _ = module.spliced(0, False, None)
    assert mask.sum() == module.PASTED**2 and ((pixels != sound).any(axis=2) <= mask).all()
