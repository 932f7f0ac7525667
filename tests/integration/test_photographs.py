"""`train --photos`: a run of photographs alone is one like any other: resumed, evaluated, mapped, adapted, shown."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import forensictransfer as ft
from forensictransfer import api
from forensictransfer.experiments.callbacks import KeepBest
from forensictransfer.experiments.from_photographs import fit
from forensictransfer.inference.runs import run_detectors
from forensictransfer.results.runs import RunFolder
from tests.commands import run_command
from tests.traces import picture

SETTINGS = {
    "detector": "noiseprint",
    "data.crop": 48,
    "train.layers": 3,
    "train.filters": 4,
    "train.batch": 8,
    "train.epochs": 2,
    "train.statistics_batches": 1,
    "evaluate.resamples": 20,
    "adapt.shots_only": False,
}


@pytest.fixture(scope="module", autouse=True)
def _short() -> object:
    """Epochs of two batches."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(fit, "STEPS", 2)
        monkeypatch.setattr(fit, "VALIDATION", 1)
        yield


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cameras, of different noise, with eight photographs each."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for camera in range(2):
        (folder / f"camera{camera}").mkdir()
        for number in range(8):
            pixels = picture(136, 144) + rng.normal(scale=2 + 4 * camera, size=(136, 144, 3))
            Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(folder / f"camera{camera}" / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def domain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs, and the same with a square of less noise and its mask."""
    folder = tmp_path_factory.mktemp("domain")
    rng = np.random.default_rng(1)
    for split, count in (("train", 3), ("validation", 2), ("test", 4)):
        for kind in ("real", "fake", "mask"):
            (folder / split / kind).mkdir(parents=True)
        for number in range(count):
            real, fake = (np.clip(picture(136, 144) + rng.normal(scale=6, size=(136, 144, 3)), 0, 255) for _ in "rf")
            fake[40:104, 40:104] = picture(136, 144)[40:104, 40:104]
            mask = np.zeros((136, 144), np.uint8)
            mask[40:104, 40:104] = 255
            for kind, pixels in (("real", real), ("fake", fake), ("mask", mask)):
                name = f"{split}{number}{'r' if kind == 'real' else 'f'}.png"
                Image.fromarray(pixels.astype(np.uint8)).save(folder / split / kind / name)
    return folder


@pytest.fixture(scope="module")
def trained(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ft.train(None, tmp_path_factory.mktemp("runs") / "phones", photos=photos, settings=SETTINGS)


def test_the_run_says_what_it_was_made_from(trained: Path, photos: Path) -> None:
    run = RunFolder.open(trained)
    assert run.finished and run.info.material == "photographs" and run.info.source_name == photos.name
    assert run.info.threshold_rule == "5% false alarms (photographs held out)"
    data = run.read_json("data.json")
    assert data["splits"]["train"] == {"real": 8, "fake": 0, "groups": 2} and len(data["seen"]["digests"]) == 16
    history = (trained / "history.csv").read_text().splitlines()
    assert len(history) == 3 and "val_accuracy" in history[0]
    with (trained / "validation.csv").open(newline="") as file:
        scores = [float(row["score"]) for row in csv.DictReader(file)]
    assert run.read_json("decision.json")["threshold"] == max(scores) and len(scores) == 8
    assert "photographs held out" in api.show(trained)


def test_it_is_evaluated_mapped_and_adapted(trained: Path, domain: Path, tmp_path: Path) -> None:
    (found,) = ft.evaluate(trained, domain, localise=True)
    assert found.n.real == found.n.fake == 4 and found.localisation is not None
    assert found.localisation.metrics["pixel_auc"].value is not None
    for strategy in ("threshold", "head"):
        out = ft.adapt(trained, domain, tmp_path / strategy, shots=2, draws=1, strategy=strategy)
        assert [one.target for one in RunFolder.open(out).evaluations()] == [domain.name]
        assert "noiseprint" in ft.table(out)
        shutil.rmtree(out)


def test_a_killed_training_ends_in_the_same_weights(
    trained: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "killed"
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(KeepBest, "on_epoch_end", _once(KeepBest.on_epoch_end))
        ft.train(None, out, photos=photos, settings=SETTINGS)
    assert not RunFolder.open(out, finished=False).finished
    ft.train(None, out, photos=photos, settings=SETTINGS, resume=True)
    assert (out / "history.csv").read_text() == (trained / "history.csv").read_text()
    assert (out / "decision.json").read_text() == (trained / "decision.json").read_text()


def test_inspect_shows_what_it_finds(trained: Path, domain: Path, tmp_path: Path) -> None:
    image = domain / "test" / "fake" / "test0f.png"
    found = ft.inspect(image, detectors=["splicebuster"], runs=trained, out=tmp_path / "maps")
    names = [one.detector for one in found.images[0].findings]
    assert names == ["splicebuster", f"noiseprint-{trained.name}"]
    said = found.images[0].findings[1]
    assert said.probability is not None and any("relative" in line for line in said.words)
    assert said.map is not None and (tmp_path / "maps" / said.map).is_file()


def test_runs_in_folders_of_one_name_are_told_apart(trained: Path, tmp_path: Path) -> None:
    copies = [shutil.copytree(trained, tmp_path / place / "my phones") for place in "abc"]
    names = ["noiseprint-my phones", "noiseprint-my phones (2)", "noiseprint-my phones (3)"]
    assert list(run_detectors(copies)) == names


def test_weights_of_ones_own_are_taken_as_they_are(trained: Path, photos: Path, tmp_path: Path) -> None:
    settings = {**SETTINGS, "train.weights": str(trained / "model.keras"), "train.epochs": 0}
    out = ft.train(None, tmp_path / "given", photos=photos, settings=settings)
    assert (out / "decision.json").read_text() == (trained / "decision.json").read_text()
    assert RunFolder.open(out).info.stop_rule == "weights as given"


def test_attributes_of_patches_are_learned_in_the_same_way(photos: Path, domain: Path, tmp_path: Path) -> None:
    """`exif_consistency`: a run is evaluated, and its weights taken as they are, shares of attributes too."""
    settings = {**SETTINGS, "detector": "exif_consistency", "data.crop": 32, "train.batch": 8, "train.epochs": 1}
    del settings["train.layers"], settings["train.filters"]
    whole = ft.train(None, tmp_path / "whole", photos=photos, settings=settings)
    given = {**settings, "train.weights": str(whole / "model.keras"), "train.epochs": 0}
    again = ft.train(None, tmp_path / "given", photos=photos, settings=given)
    assert (again / "decision.json").read_text() == (whole / "decision.json").read_text()
    (found,) = ft.evaluate(whole, domain, localise=True)
    assert found.localisation is not None and found.localisation.metrics["pixel_auc"].value is not None


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--photos", "{photos}", "--detector", "ft-res"], "detector-unsuitable"),
        (["--source", "{domain}", "--detector", "noiseprint"], "detector-unsuitable"),
        (["--photos", "{photos}/nowhere", "--detector", "noiseprint"], "path-missing"),
        (["--photos", "{photos}/camera0", "--detector", "noiseprint", "--data.crop", "48"], "too-few-images"),
        (["--photos", "{photos}/camera0", "--detector", "exif_consistency"], "too-few-images"),
        (["--photos", "{photos}", "--detector", "noiseprint", "--group", "stem"], "arguments-conflict"),
        (["--photos", "{photos}", "--source", "{domain}", "--detector", "noiseprint"], "command-line"),
        (["--photos", "{photos}", "--detector", "noiseprint", "--train.trials", "3"], "detector-unsuitable"),
        (["--photos", "{photos}", "--detector", "noiseprint", "--train.batch", "10"], "setting-invalid"),
    ],
)
def test_mistakes_are_one_line(words: list[str], code: str, photos: Path, domain: Path, tmp_path: Path) -> None:
    said = [word.format(photos=photos, domain=domain) for word in words]
    done = run_command("train", *said, "--out", str(tmp_path / "run"))
    assert done.returncode == 2 and f"[{code}]" in done.stderr and not (tmp_path / "run").exists(), done.stderr


def _once(method: object) -> object:
    """Interrupt after the first epoch is saved."""

    def interrupted(self: object, epoch: int, logs: object = None) -> None:
        method(self, epoch, logs)  # type: ignore[operator]
        raise KeyboardInterrupt

    return interrupted
