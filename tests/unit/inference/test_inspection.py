"""Inspections: what applies is said of each image, and neither a bad file nor a failing detector stops the others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import forensictransfer as ft
from forensictransfer.cli.main import main
from forensictransfer.core.errors import UserError
from forensictransfer.detectors import registry
from forensictransfer.detectors.base import Detector, Evidence, ImageFile
from forensictransfer.inference.inspection import NAME, inspect_images
from forensictransfer.results.formats.document import read_document
from forensictransfer.results.formats.inspection import Inspection, Place
from tests.tagged import png


class Corner(Detector):
    """Calls a box at (3, 2) changed, of JPEG files alone."""

    name = "corner"
    needs = frozenset({"pixels", "jpeg"})
    maps = True

    def examine(self, images: Sequence[ImageFile]) -> list[Evidence]:
        return [self._one(image) for image in images]

    def _one(self, image: ImageFile) -> Evidence:
        if not image.container.is_jpeg:
            return Evidence.does_not_apply("not a JPEG")
        heat = np.zeros(image.size, np.float32)
        heat[2:6, 3:13] = 0.8
        return Evidence(2.5, probability=0.9, heat_map=heat, mask=heat > 0.5, reasons=("a corner",))


class Broken(Detector):
    """Fails."""

    name = "broken"

    def examine(self, images: Sequence[ImageFile]) -> list[Evidence]:
        raise RuntimeError("no\nluck")


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_ADDED", {})
    for name, kind in (("corner", "Corner"), ("broken", "Broken")):
        ft.register_detector(name, f"{__name__}:{kind}", "a toy", trains="none")
    monkeypatch.setattr(registry, "load_target", _load)
    monkeypatch.setattr("forensictransfer.inference.inspection.load_target", _load)


def _load(target: str) -> type[Detector]:
    return {"Corner": Corner, "Broken": Broken}[target.partition(":")[2]]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 40, 3), np.uint8))
    picture.save(folder / "a.png")
    picture.save(folder / "deep" / "a.jpg")
    (folder / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "notes.txt").write_text("no image")
    return folder


TOYS = ["corner", "broken"]


def test_each_image_has_each_detector_and_bad_files_are_listed(photos: Path) -> None:
    found = inspect_images([photos, photos / "none.png"], TOYS)
    assert [(image.name, image.format, image.width, image.height) for image in found.images] == [
        (str(photos / "a.png"), "PNG", 40, 20),
        (str(photos / "deep" / "a.jpg"), "JPEG", 40, 20),
    ]
    assert [Path(one.name).name for one in found.skipped] == ["damaged.png", "none.png"]
    assert found.skipped[1].code == "path-missing"
    (of_png, broken), (of_jpeg, _) = (image.findings for image in found.images)
    assert not of_png.applies and of_png.reason == "not a JPEG" and of_png.score is None
    assert broken.error == "RuntimeError: no luck"
    assert of_jpeg.found and of_jpeg.score == 2.5 and of_jpeg.probability == 0.9
    assert of_jpeg.places == (Place(left=3, top=2, width=10, height=4),)
    assert of_jpeg.area == pytest.approx(40 / 800)


def test_maps_are_files_and_stand_on_one_sheet(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = ft.inspect(photos, detectors=TOYS, out=out)
    assert {path.name for path in out.iterdir()} == {"a-2.corner.png", "sheet.png", NAME}
    assert found.images[1].findings[0].map == "a-2.corner.png" and found.sheet == "sheet.png"
    with Image.open(out / "a-2.corner.png") as heat:
        pixels = np.asarray(heat)
    assert pixels.shape == (20, 40) and pixels[3, 5] == round(0.8 * 255) and pixels[10, 10] == 0
    assert read_document(out / NAME, Inspection) == found
    with pytest.raises(UserError, match="new or empty", check=lambda error: error.code == "path-exists"):
        ft.inspect(photos, detectors=TOYS, out=out)


def test_what_cannot_be_asked_for_is_one_line(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="'corne'.*'corner'", check=lambda error: error.code == "name-unknown"):
        inspect_images([photos], ["corne"])
    with pytest.raises(UserError, match="'ft'.*trained", check=lambda error: error.code == "detector-unsuitable"):
        inspect_images([photos], ["ft"])
    with pytest.raises(UserError, match=r"damaged\.png.* \(1 more", check=lambda error: error.code == "image-damaged"):
        inspect_images([photos / "damaged.png", tmp_path / "none"], TOYS)


def test_ghosts_are_sought_on_all_grids_where_that_is_asked_for(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError, match="--ghost-shifts.*corner", check=lambda error: error.code == "command-line"):
        inspect_images([photos], TOYS, ghost_shifts=True)
    monkeypatch.undo()  # the detectors themselves
    Image.fromarray(np.zeros((40, 48, 3), np.uint8)).save(tmp_path / "black.png")
    words = ["inspect", str(tmp_path / "black.png"), "--detectors", "jpeg_ghosts"]
    assert main([*words, "--ghost-shifts"]) == 0
    assert "deepest ghost of 64 grids 0.00" in capsys.readouterr().out
    assert main(words) == 0 and "64 grids" not in capsys.readouterr().out


def test_the_command_prints_a_line_for_each_detector(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(photos), "--detectors", *TOYS]) == 0
    out = capsys.readouterr().out
    assert "  corner  does not apply: not a JPEG\n" in out and "  broken  failed: RuntimeError: no luck\n" in out
    assert "  corner  a corner | strength 2.5 | probability 0.90 | 5.0% of the image: 10 x 4 at (3, 2)\n" in out
    assert "skipped: " in out and "damaged.png" in out
    assert main(["inspect", str(photos), "--detectors", "corner", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["images"][1]["findings"][0]["detector"] == "corner"
    assert main(["inspect", str(photos / "notes.txt"), "--detectors", "corner"]) == 2


def test_what_metadata_say_is_printed_and_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "generated.png"
    path.write_bytes(png({"parameters": "a\x1b[31m cat\nSteps: 20, Sampler: Euler, Seed: 1"}))
    monkeypatch.setattr("forensictransfer.inference.inspection.is_installed", lambda: False)
    assert main(["inspect", str(path), "--detectors", "broken", "--out", str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert "  PNG text  parameters in the form of Stable Diffusion web UI, 'parameters'" in out
    assert "| stated by the file, unsigned | anyone can write it" in out and "\x1b[31m" not in out
    assert out.count("note: C2PA manifests were not looked at") == 1 and "forensictransfer[provenance]" in out
    found = read_document(tmp_path / "out" / NAME, Inspection)
    assert [one.what for one in found.images[0].provenance] == ["generator"] and len(found.notes) == 1


def test_a_trust_list_is_read_before_anything_else(photos: Path, tmp_path: Path) -> None:
    pytest.importorskip("c2pa")
    assert main(["inspect", str(photos), "--detectors", "corner", "--trust", str(tmp_path / "none.pem")]) == 2
    with pytest.raises(UserError, check=lambda error: error.code == "path-missing"):
        ft.inspect(photos, detectors=TOYS, trust=tmp_path / "none.pem", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    found = ft.inspect(photos, detectors=TOYS)
    assert [one.answer for one in found.images[0].provenance] == ["none"] and not found.notes
