"""Enrolling generators, checking images and the table of attribution, by the calls and by the command line."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import forensictransfer as ft
from forensictransfer.cli.main import main
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.results.formats.document import parse_document
from forensictransfer.results.formats.generator import GeneratorCheck, GeneratorTable
from forensictransfer.results.generators import read_generator
from tests.generators import COUNTS, domain, generated, save

SIDE = 32


@pytest.fixture(scope="module")
def domains(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Domains of two generators, and one whose fakes are of none."""
    folder = tmp_path_factory.mktemp("domains")
    made_by = {"one": 1, "two": 2, "other": None}
    return tuple(domain(folder / name, by, 1000 * number) for number, (name, by) in enumerate(made_by.items()))  # type: ignore[return-value]


@pytest.fixture(scope="module")
def files(domains: tuple[Path, Path, Path]) -> tuple[Path, Path]:
    found = tuple(folder.with_suffix(".npz") for folder in domains[:2])
    for folder, file in zip(domains, found, strict=False):
        ft.enroll_generator(folder, file, side=SIDE)
    return found  # type: ignore[return-value]


def test_the_generator_of_an_image_is_named(files: tuple[Path, Path], tmp_path: Path) -> None:
    for name, by in (("first", 1), ("second", 2), ("third", 3), ("photo", None)):
        Image.fromarray(generated(by, 9000)).save(tmp_path / f"{name}.png")
    Image.fromarray(generated(1, 9001, side=150)).save(tmp_path / "large.png")
    found = {Path(one.name).stem: one for one in ft.check_generator(tmp_path, files).images}
    assert {name: one.generator for name, one in found.items()} == {
        "first": "one", "large": "one", "second": "two", "third": None, "photo": None
    }  # fmt: skip
    first, other = found["first"].matches
    assert first.found and first.strength is not None and first.threshold is not None
    assert first.strength > first.threshold and first.chance == pytest.approx(1 / 41) and not first.enrolled
    assert not other.found and other.chance is not None and other.chance > 1 / 41


def test_images_that_cannot_be_compared_are_told(
    domains: tuple[Path, Path, Path], files: tuple[Path, Path], tmp_path: Path
) -> None:
    Image.fromarray(generated(1, 9002)[:20]).save(tmp_path / "small.png")
    Image.new("RGB", (64, 64), (9, 9, 9)).save(tmp_path / "flat.png")
    (tmp_path / "broken.png").write_bytes(b"no image")
    shutil.copy(next((domains[0] / "train" / "fake").iterdir()), tmp_path / "enrolled.png")
    found = ft.check_generator(tmp_path, files)
    images = {Path(one.name).stem: one for one in found.images}
    assert "smaller than the fingerprint, 32 x 32" in images["small"].matches[0].reason
    assert "flat" in images["flat"].matches[0].reason
    assert images["small"].generator is None and images["flat"].generator is None
    assert [one.enrolled for one in images["enrolled"].matches] == [True, False]
    assert [Path(one.name).name for one in found.skipped] == ["broken.png"]


def test_only_train_and_validation_splits_are_enrolled(files: tuple[Path, Path]) -> None:
    info = read_generator(files[0]).info
    assert (info.reals, info.fakes) == COUNTS["train"]
    assert (len(info.held_out_reals), len(info.held_out_fakes)) == COUNTS["validation"]
    assert len(info.files) == sum(map(sum, (COUNTS["train"], COUNTS["validation"])))
    assert info.recognised is not None and info.recognised.value == 1 and info.recognised.n == 12


def test_loose_images_are_divided_by_group(tmp_path: Path) -> None:
    """A real and the fakes that were made from it are on one side."""
    fakes, reals = save(tmp_path / "f", 1, range(100)), save(tmp_path / "r", None, range(100, 180))
    for number in range(5):
        shutil.copy(fakes / f"{number}.png", fakes / f"{number}_copy.png")
    Image.fromarray(generated(1, 5)[:16]).save(fakes / "small.png")
    info = ft.enroll_generator(fakes, tmp_path / "g.npz", reals=reals, side=SIDE, name="mine")
    assert info.name == "mine" and info.fakes + len(info.held_out_fakes) == 100
    assert info.reals + len(info.held_out_reals) == 80
    reasons = sorted(one.reason.partition(" ")[0] for one in info.skipped)
    assert reasons == ["64", *["the"] * 5]
    again = ft.enroll_generator(fakes, tmp_path / "g.npz", reals=reals, side=SIDE, count=20, overwrite=True)
    assert again.fakes == 20 and again.name == "g"
    assert again.fakes + len(again.held_out_fakes) < 60, "fakes that were not chosen are not held out instead"


def test_too_little_and_wrong_input_are_one_line(
    domains: tuple[Path, Path, Path], files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image, few, reals = save(tmp_path / "i", 1, range(1)), save(tmp_path / "f", 1, range(12)), tmp_path / "r"
    save(reals, None, range(100, 140))
    side, out = ["--side", str(SIDE)], ["--out", str(tmp_path / "g.npz")]
    enroll, check, table = (["generator", name] for name in ("enroll", "check", "table"))
    for words, said, code in (
        ([*enroll, str(few), "--real", str(reals), *side, *out], "at least 10 fake images", "too-few-images"),
        ([*enroll, str(few), str(reals), *out], "expected one domain, or fakes and", "command-line"),
        ([*enroll, str(few), *out], "real and", "domain-layout"),
        ([*enroll, str(domains[0]), "--fakes", "41", *side, *out], "has 40 fakes", "too-few-images"),
        ([*enroll, str(domains[0]), "--fakes", "3", *side, *out], "at least 10, got 3", "command-line"),
        ([*enroll, str(domains[0]), "--side", "33", *out], "multiple of 8", "command-line"),
        ([*enroll, str(domains[0]), *out], "smaller than the fingerprint", "too-few-images"),
        ([*enroll, str(domains[0] / "test"), "--real", str(reals), *side, *out], "holds fakes", "arguments-conflict"),
        ([*enroll, str(tmp_path / "no"), "--real", str(tmp_path / "no"), *side, *out], "no such file", "path-missing"),
        ([*enroll, str(domains[0]), *side, "--out", str(files[0])], "exists already", "path-exists"),
        ([*check, str(image), "--generator", str(image / "0.png")], "is no generator file", "file-invalid"),
        ([*check, str(image), "--generator", str(tmp_path / "no.npz")], "no such generator", "path-missing"),
        ([*check, str(tmp_path / "no"), "--generator", str(files[0])], "no such file", "path-missing"),
        ([*check, str(image), "--generator", str(files[0]), "--false-alarms", "0.01"], "needs 99", "too-few-images"),
        ([*check, str(image), "--generator", str(files[0]), "--false-alarms", "2"], "up to 0.5", "command-line"),
        ([*table, str(domains[0]), str(domains[0]), *side], "is named twice", "domain-repeated"),
        ([*table, *map(str, domains), *side, "--fakes", "90"], "90 were asked for", "too-few-images"),
        ([*table, str(domains[0]), *side, "--csv", str(tmp_path)], "got a folder", "path-wrong-kind"),
        (["generator"], "expected one of enroll, check, table", "command-line"),
    ):
        assert main(words) == 2, words
        told = [line for line in capsys.readouterr().err.splitlines() if "error:" in line]
        assert len(told) == 1 and said in told[0] and told[0].endswith(f"[{code}]"), told


def test_a_generator_is_read_as_it_was_written(files: tuple[Path, Path], tmp_path: Path) -> None:
    """Half precision does not change what is found; a fingerprint that is not square is none."""
    generator = read_generator(files[0])
    assert generator.fingerprint.side == SIDE == generator.info.width
    with np.load(files[0]) as content:
        arrays = {name: content[name] for name in content.files}
    about = json.loads(arrays["about"].tobytes())
    about["height"] = 16
    arrays |= {"about": np.frombuffer(json.dumps(about).encode(), np.uint8), "pattern": arrays["pattern"][:16]}
    np.savez(tmp_path / "half.npz", **arrays)
    with pytest.raises(UserError, match="no generator file") as caught:
        read_generator(tmp_path / "half.npz")
    assert caught.value.code == ErrorCode.FILE_INVALID


def test_the_table_attributes_test_splits(domains: tuple[Path, Path, Path], tmp_path: Path) -> None:
    found = ft.generator_table(domains[:2], domains[2], fakes=[40, 10], side=SIDE, csv=tmp_path / "t.csv")
    assert (found.generators, found.others) == (("one", "two"), ("other",))
    few, many = found.attributions
    assert (few.fakes, many.fakes) == (10, 40) and many.enrolled == {"one": 40, "two": 40}
    rows = {(row.domain, row.label): row for row in many.classes}
    assert rows["one", "fake"].attributed == {"one": 8, "two": 0} and rows["one", "fake"].right.value == 1
    assert rows["two", "fake"].expected == "two" and rows["two", "fake"].attributed["two"] == 8
    assert rows["other", "fake"].expected is None and rows["other", "fake"].right.lowest > 0.5
    assert many.strongest.value == 1 and many.named >= 16 and many.right.value == pytest.approx(16 / many.named)
    assert [one.domain for one in many.left_out] == ["one", "two"]
    assert all(one.fakes_rejected.value is not None and one.fakes_rejected.value > 0.7 for one in many.left_out)
    with (tmp_path / "t.csv").open() as file:
        written = list(csv.DictReader(file))
    assert len(written) == 2 * (6 + 4) and written[0]["attributed_one"] == str(few.classes[0].attributed["one"])


def test_the_table_says_what_enroll_and_check_say(
    domains: tuple[Path, Path, Path], files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    one = ft.generator_table(domains[:2], side=SIDE).attributions[0]
    checked = ft.check_generator([folder / "test" / "fake" for folder in domains[:2]], files)
    by_name = {match.generator: match.threshold for match in checked.images[0].matches}
    assert one.thresholds == pytest.approx(by_name, rel=1e-3)
    named = [image.generator for image in checked.images]
    rows = {(row.domain, row.label): row.attributed for row in one.classes}
    assert named[:8].count("one") == rows["one", "fake"]["one"] and named[8:].count("two") == rows["two", "fake"]["two"]


def test_commands_print_what_they_found(
    domains: tuple[Path, Path, Path], files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = save(tmp_path / "i", 2, range(9000, 9001)) / "9000.png"
    words = ["generator", "check", str(image), "--generator", *map(str, files)]
    assert main([*words, "--json", str(tmp_path / "found.json")]) == 0
    told = capsys.readouterr().out
    assert "64 x 64; bears the fingerprint of two" in told and "not found: strength" in told
    stored = parse_document(tmp_path, json.loads((tmp_path / "found.json").read_text()), GeneratorCheck)
    assert stored.images[0].generator == "two"
    side = ["--side", str(SIDE)]
    assert main(["generator", "enroll", str(domains[0]), "--out", str(tmp_path / "g.npz"), *side]) == 0
    assert "40 fakes less 24 reals" in capsys.readouterr().out
    assert main(["generator", "table", *map(str, domains[:2]), "--others", str(domains[2]), *side]) == 0
    told = capsys.readouterr().out
    assert "one, fake" in told and "without two: of its fakes" in told and "fingerprints: one from 40 fakes" in told
    assert main(["generator", "table", str(domains[0]), *side, "--json"]) == 0
    only = parse_document(tmp_path, json.loads(capsys.readouterr().out), GeneratorTable)
    assert only.attributions[0].left_out == () and only.attributions[0].strongest.value == 1
