"""A short slice of `benchmarks/fuzz.py`: damaged images, texts and run folders end in a result or in one line."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.fuzzing import images, texts
from benchmarks.fuzzing.run_folders import try_commands
from forensictransfer.cli.main import main

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "v0_1"


@pytest.fixture(autouse=True)
def _without_warnings_of_damaged_metadata() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def test_sound_images_are_read_and_another_decoder_agrees() -> None:
    for name, data in images.sound_images().items():
        outcome = images.examine(data)
        assert outcome.kind == images.READ, name
        assert not outcome.fault, name
        # CMYK becomes RGB by another formula there, JPEG in TIFF and 16 bits are not compared.
        agrees = outcome.other == images.AGREES
        assert agrees or name in ("jpeg cmyk", "tiff rgb jpeg", "tiff rgb 16 planes", "tiff grey 16 white is zero"), (
            name
        )


def test_damaged_images() -> None:
    sound = images.sound_images()
    kinds = []
    for name, data, outcome in images.fuzz(sound, 20 * list(sound), seed=5):
        assert not outcome.fault, (name, outcome.fault, data[:40])
        kinds.append(outcome.kind)
    assert 0.1 < np.mean([kind == images.READ for kind in kinds]) < 0.5


def test_checksums_find_every_change_of_a_png() -> None:
    sound = {name: data for name, data in images.sound_images().items() if name.startswith("png RGB")}
    before = {name: images.decode(data, max_pixels=images.MOST_PIXELS) for name, data in sound.items()}
    rng = np.random.default_rng(1)
    for name, data in sound.items():
        for _ in range(150):
            changed = bytearray(data)
            changed[rng.integers(8, len(data))] ^= 1 << int(rng.integers(8))
            assert not images.examine(bytes(changed), before[name]).fault


def test_damaged_texts(tmp_path: Path) -> None:
    for data, fault in texts.fuzz_texts(tmp_path, 4 * len(texts.HOSTILE) + 100, seed=5):
        assert not fault, (fault, data[:60])


@pytest.mark.parametrize("kind", ["run", "adapted run", "sweep"])
def test_spoiled_folders(kind: str, tmp_path: Path) -> None:
    sound = {"run": "runs/cooccurrence", "adapted run": "runs/cooccurrence-head", "sweep": "sweep"}[kind]
    rng = np.random.default_rng(5)
    commands = [lambda path: ["show", str(path)], lambda path: ["table", str(path)]]
    if kind == "sweep":
        commands = [lambda path: ["report", str(path)]]
    codes = set()
    for _ in range(4 if kind == "sweep" else 12):
        for tried in try_commands(FIXTURES / sound, tmp_path, commands, rng):
            assert not tried.fault, tried
            codes.add(tried.code)
    assert codes == {0, 2}


def test_a_picture_that_is_cut_short_stops_the_report_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Found by the fuzzer: its beginning was looked at alone."""
    sweep = shutil.copytree(FIXTURES / "sweep", tmp_path / "sweep")
    for picture in sweep.rglob("pictures/*-crop.png"):
        picture.write_bytes(picture.read_bytes()[:200])
    assert main(["report", str(sweep)]) == 2
    assert "-crop.png: expected a PNG or a JPEG; incomplete?" in capsys.readouterr().err
