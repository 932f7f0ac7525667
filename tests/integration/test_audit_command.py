"""The command `audit`: output, JSON, exit codes, equalising, what it says of mistakes; once as a user runs it."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import forensictransfer as ft
from forensictransfer.auditing.equalise.plan import Plan, plan
from forensictransfer.auditing.traces.scan import scan
from forensictransfer.cli.main import main
from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import DataSettings
from forensictransfer.data.domains import open_domain
from tests.commands import run_command

ROOT = Path(__file__).resolve().parents[2]
Picture = Callable[..., Image.Image]


def command(*words: object) -> subprocess.CompletedProcess[str]:
    """`audit WORDS` in this process and no other."""
    return run_command("audit", *words, "--workers", 1, FORENSICTRANSFER_DATA="/nonexistent")


@pytest.fixture(scope="module")
def spoiled(make_photograph: Picture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reals are large JPEGs of quality 95 with EXIF, fakes smaller ones of quality 75; some files cannot be read."""
    folder = tmp_path_factory.mktemp("domains") / "spoiled"
    exif = Image.Exif()
    exif[271] = "Canon"
    for number in range(60):
        stem = f"p{number:03d}"
        for label, name in enumerate(("real", "fake")):
            path = folder / name / "deep" / f"{stem}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            image = make_photograph(2 * number + label, (120, 160)).crop(
                (0, 0, 128, 112) if label else (0, 0, 160, 120)
            )
            image.save(path, quality=95 - 20 * label, **({} if label else {"exif": exif}))
    (folder / "real" / "deep" / "broken.jpg").write_bytes(b"")
    make_photograph(999, (40, 44)).save(folder / "fake" / "small.jpg", quality=75)
    return folder


@pytest.fixture(scope="module")
def equalised(spoiled: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, dict[str, Any]]:
    """The equalised domain, what the command printed, and its JSON."""
    out = tmp_path_factory.mktemp("equalised") / "better"
    done = command(spoiled, "--equalise", out, "--json", out.parent / "audit.json")
    assert done.returncode == 0, done.stderr
    return out, done.stdout, json.loads((out.parent / "audit.json").read_text())


def test_the_command_prints_a_verdict_and_its_reasons(spoiled: Path, tmp_path: Path) -> None:
    words = ("audit", spoiled, "--json", tmp_path / "audit.json", "--workers", 2)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "FORENSICTRANSFER_DATA": "/nonexistent"}
    done = subprocess.run(
        [sys.executable, "-m", "forensictransfer", *map(str, words)], text=True, capture_output=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert "verdict: DO NOT USE" in done.stdout
    assert re.search(
        r"reals and fakes can be told apart without looking at a pixel \((9[5-9]|100)\.\d % \[", done.stdout
    )
    assert "1 unreadable" in done.stdout and "expected PNG, JPEG" in done.stdout
    found = json.loads((tmp_path / "audit.json").read_text())
    assert found["format"] == 1 and found["pair"] is None
    assert found["domains"][0]["images"] == {"real": 60, "fake": 61, "groups": 61}
    assert found["domains"][0]["verdict"]["word"] == "do not use"


def test_strict_ends_with_one(spoiled: Path, equalised: tuple[Path, str, dict[str, Any]]) -> None:
    assert command(spoiled, "--strict").returncode == 1
    assert command(equalised[0] / "domain.yaml", "--strict").returncode == 0


def test_two_domains_side_by_side(spoiled: Path, equalised: tuple[Path, str, dict[str, Any]]) -> None:
    done = command(spoiled, equalised[0] / "domain.yaml")
    assert done.returncode == 0, done.stderr
    assert "spoiled and spoiled_mended" in done.stdout
    assert "group names in both: 60 (p000, p001, p002, ...), 60 of which are seen" in " ".join(done.stdout.split())


def test_equalising_makes_both_classes_alike(equalised: tuple[Path, str, dict[str, Any]]) -> None:
    out, text, found = equalised
    tables, sizes = set(), set()
    for path in sorted(out.rglob("*.jpg")):
        with Image.open(path) as image:
            sizes.add(image.size)
            tables.add(repr(image.quantization))  # type: ignore[attr-defined]
            assert image.mode == "RGB" and "exif" not in image.info and "progressive" not in image.info
    assert sizes == {(128, 112)} and len(tables) == 1
    done = found["mended"]
    assert (done["width"], done["height"], done["quality"]) == (128, 112, 75)
    assert done["too_small"] == {"real": [], "fake": ["fake/small.jpg"]}
    assert [name for name, _ in done["unreadable"]] == ["real/deep/broken.jpg"]
    assert json.loads((out / "mend.json").read_text())["images"] == 120
    before, after = (one["tellings"]["file"]["balanced_accuracy"] for one in (found["domains"][0], done["after"]))
    assert before["low"] > 0.9 and after["low"] < 0.5 < after["high"]
    assert done["after"]["verdict"]["word"] == "clean"
    assert "do not use -> clean" in text and "What equalising cannot do" in text


@pytest.mark.parametrize("how", ["TIFF", "XMP"])
def test_equalised_images_have_the_size_that_is_told(
    how: str, make_photograph: Picture, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Reals are stored 120 x 72 and turned by their orientation; what counts is the upright size, 72 x 120."""
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    turned: dict[str, Any] = {"tiffinfo": {274: 6}} if how == "TIFF" else {"xmp": xmp}
    for number in range(10):
        for name, size in (("real", (72, 120)), ("fake", (120, 120))):
            kind = "PNG" if name == "fake" else "TIFF" if how == "TIFF" else "JPEG"
            path = tmp_path / "turned" / name / f"{number}.{kind.lower()}"
            path.parent.mkdir(parents=True, exist_ok=True)
            make_photograph(2 * number + (name == "fake"), size).save(path, kind, **(turned if name == "real" else {}))
    out = tmp_path / "out"
    assert main(["audit", str(tmp_path / "turned"), "--equalise", str(out)]) in (0, 1)
    # Lines are folded where the names of folders end them.
    assert "both classes cut to 72 x 120 pixels" in " ".join(capsys.readouterr().out.split())
    assert {Image.open(path).size for path in out.rglob("*.jpg")} == {(72, 120)}
    assert len(list(out.rglob("*.jpg"))) == 20


def test_equalising_keeps_labels_groups_and_splits(spoiled: Path, equalised: tuple[Path, str, dict[str, Any]]) -> None:
    out = equalised[0]
    data = DataSettings()
    before = {record.name[:-4]: record for record in open_domain(spoiled, data=data).records}
    after = open_domain(out / "domain.yaml", data=data)
    assert after.name == "spoiled_mended" and len(after.records) == 120
    for record in after.records:
        old = before[record.name[:-4]]
        assert (record.label, record.group, record.split) == (old.label, old.group, old.split)
    with (out / "groups.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 120


def test_the_middle_is_cut_on_its_own_grid(spoiled: Path, equalised: tuple[Path, str, dict[str, Any]]) -> None:
    """Decoded pixels of the equalised image are those of the middle of the old one, but for one more compression."""
    with Image.open(spoiled / "real/deep/p000.jpg") as old, Image.open(equalised[0] / "real/deep/p000.jpg") as new:
        middle = np.asarray(old.convert("RGB"), float)[0:112, 16:144]
        assert np.abs(middle - np.asarray(new, float)).mean() < 6


def test_official_splits_are_kept_as_folders(make_photograph: Picture, tmp_path: Path) -> None:
    folder = tmp_path / "split"
    for number in range(60):
        split = ("train", "train", "val", "test")[number % 4]
        path = folder / split / ("0_real", "1_fake")[number % 2 ^ (number // 4) % 2] / f"{number:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        make_photograph(number).save(path)
    found = ft.audit(folder, equalise=tmp_path / "out")
    assert found["mended"]["split_folders"]
    assert (tmp_path / "out" / "validation" / "real").is_dir()
    before, after = (open_domain(p, data=DataSettings()) for p in (folder, tmp_path / "out" / "domain.yaml"))
    for split in ("train", "validation", "test"):
        assert {(r.group, r.label) for r in before.split(split)} == {(r.group, r.label) for r in after.split(split)}
    # PNG on both sides: nothing was compressed before, so the finest quality that is written.
    assert found["mended"]["quality"] == 95


def test_names_that_would_be_the_same_are_kept_apart(make_photograph: Picture, tmp_path: Path) -> None:
    for name in ("real/a.png", "real/a.jpg", "fake/b.png", "fake/b.bmp"):
        path = tmp_path / "twins" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        make_photograph(len(name) + ord(name[-1])).save(path)
    assert ft.audit(tmp_path / "twins", equalise=tmp_path / "out")["mended"]["images"] == 4
    assert len(list((tmp_path / "out").rglob("*.jpg"))) == 4


def test_the_common_size_loses_few(make_photograph: Picture, tmp_path: Path) -> None:
    for number in range(100):
        size = (60, 60) if number == 0 else (100, 200) if number % 2 else (160, 120)
        path = tmp_path / "sizes" / ("real", "fake")[number % 2] / f"{number:03d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size[::-1]).save(path, quality=50 + number % 2)
    seen = scan(open_domain(tmp_path / "sizes", data=DataSettings()).records, max_pixels=10**6)
    assert plan(seen) == Plan(120, 96, 50, (("real/000.jpg",), ()))


def test_a_second_equalising_needs_to_be_told(spoiled: Path, equalised: tuple[Path, str, dict[str, Any]]) -> None:
    out = equalised[0]
    before = (out / "mend.json").read_bytes()
    done = command(spoiled, "--equalise", out)
    assert done.returncode == 2 and "exists already; --overwrite replaces it" in done.stderr
    assert command(spoiled, "--equalise", out, "--overwrite").returncode == 0
    assert (out / "mend.json").read_bytes() == before


def test_a_equalising_that_is_stopped_leaves_nothing(
    spoiled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forensictransfer.auditing.equalise.write.write_yaml", lambda values: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        ft.audit(spoiled, equalise=tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (["{domain}", "{domain}"], "domain-repeated", "{domain}: "),
        (["{domain}", "--workers", "0"], "command-line", "--workers: "),
        (["{domain}", "--json", "{tmp}"], "path-wrong-kind", "{tmp}: "),
        (["{domain}", "{other}", "--equalise", "{tmp}/x"], "command-line", "--equalise: "),
        (["{domain}", "{other}", "--mend", "{tmp}/x"], "command-line", "--equalise: "),  # as in version 0.1
        (["{domain}", "--equalise", "{domain}"], "arguments-conflict", "{domain}: "),
        (["{domain}", "--equalise", "{domain}/real/x"], "arguments-conflict", "{domain}/real/x: "),
        (["{domain}", "--equalise", "{tmp}"], "path-exists", "{tmp}: "),
        (["{tmp}/nothing"], "path-missing", "{tmp}/nothing: "),
        (["{domain}", "--sheet", "x"], "command-line", "--sheet"),
        (["{domain}", "--group", "("], "groups-invalid", "'(': "),
        (["{empty}"], "domain-class-missing", "fake images"),
        (["{domain}", "--json", "{tmp}/no/such/folder.json"], "path-missing", "{tmp}/no/such"),
    ],
)
def test_mistakes_are_one_line(
    spoiled: Path,
    make_photograph: Picture,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    code: str,
    named: str,
) -> None:
    (tmp_path / "file").write_text("something")
    for name in ("real", "fake"):
        (tmp_path / "empty" / name).mkdir(parents=True)
        make_photograph(1).save(tmp_path / "empty" / name / "a.png")
    (tmp_path / "empty" / "fake" / "a.png").write_bytes(b"")
    places = {"domain": spoiled, "other": tmp_path / "empty", "empty": tmp_path / "empty", "tmp": tmp_path}
    ended = main(["audit", *(word.format(**places) for word in words)])
    out, err = capsys.readouterr()
    lines = [line for line in err.replace("\r", "\n").splitlines() if line.startswith("forensictransfer:")]
    assert ended == 2 and len(lines) == 1, err
    assert named.format(**places) in lines[0] and lines[0].endswith(f"[{code}]"), lines[0]
    assert "Traceback" not in err and not out


def test_nothing_fits(make_photograph: Picture, tmp_path: Path) -> None:
    for name, size in (("real", (20, 20)), ("fake", (90, 90))):
        (tmp_path / "d" / name).mkdir(parents=True)
        make_photograph(1, size).save(tmp_path / "d" / name / "a.png")
    with pytest.raises(
        UserError, match="--equalise: .* 32 x 32 pixels", check=lambda error: error.code == "too-few-images"
    ):
        ft.audit(tmp_path / "d", equalise=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_tables_of_an_unusual_encoder_are_taken_over(make_photograph: Picture, tmp_path: Path) -> None:
    table = [5 + (step % 7) + step // 2 for step in range(64)]
    for number in range(40):
        path = tmp_path / "d" / ("real", "fake")[number % 2] / f"{number:03d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        make_photograph(number).save(path, **({"qtables": [table, table]} if number % 2 else {"quality": 98}))
    done = ft.audit(tmp_path / "d", equalise=tmp_path / "out")["mended"]
    with Image.open(tmp_path / "d" / "fake" / "001.jpg") as old:
        for path in (tmp_path / "out").rglob("*.jpg"):
            with Image.open(path) as new:
                assert new.quantization == old.quantization  # type: ignore[attr-defined]
    assert done["tables"] is not None
