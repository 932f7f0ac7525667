"""Images of one's own: the verdict, why it is unsure, the files that it is written to, and batches that were broken."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import forensictransfer as ft
from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import DataSettings
from forensictransfer.data.domains import open_domain
from forensictransfer.detectors import registry
from forensictransfer.inference import batch
from forensictransfer.results.formats.document import read_document
from forensictransfer.results.formats.verdicts import Verdicts

ROOT = Path(__file__).resolve().parents[2]
Rows = Callable[[Path], list[dict[str, str]]]
SURE: dict[str, Any] = {"error": None}  # as `evaluate` decides


def command(*words: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `forensictransfer WORDS`."""
    return subprocess.run(
        [sys.executable, "-m", "forensictransfer", *map(str, words)],
        text=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        **options,
    )


def refused(code: str, run: Path, images: Any, **options: Any) -> str:
    """What `predict` says of what it refuses."""
    with pytest.raises(UserError, check=lambda error: error.code == code) as caught:
        ft.predict(run, images, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def of_source(run: Path, rows: Rows) -> list[dict[str, str]]:
    """The test images of the run's own source, as its evaluation has them."""
    return rows(run / "evaluations" / "source" / "predictions.csv")


def test_scores_and_calls_are_those_of_evaluate(trained: Path, source: Path, rows: Rows) -> None:
    expected = of_source(trained, rows)
    found = ft.predict(trained, [source / row["path"] for row in expected], **SURE)
    assert found.by.error is None and not found.skipped
    for said, row in zip(found.images, expected, strict=True):
        assert said.score == pytest.approx(float(row["score"]), abs=1e-6)
        assert said.probability == pytest.approx(float(row["probability"]), abs=1e-6)
        assert (said.decision, said.doubts) == (row["decision"], ())
        assert (said.width, said.height, said.format, said.tiles, said.seen) == (80, 88, "PNG", 6, 1.0)


def test_the_same_image_has_the_same_verdict_however_it_comes(trained: Path, source: Path) -> None:
    """In a folder, alone, by its bytes, and as another file of the same pixels."""
    together = ft.predict(trained, source, **SURE).images
    assert len(together) == 52 and [said.name for said in together] == sorted(said.name for said in together)
    pixels = io.BytesIO()
    with Image.open(together[7].name) as image:
        image.save(pixels, "BMP")
    path = Path(together[7].name)
    found = [*ft.predict(trained, path, **SURE).images, *ft.predict(trained, path.read_bytes(), **SURE).images]
    (other,) = ft.predict(trained, [pixels.getvalue()], **SURE).images
    for said in (*found, other):
        assert said.score == pytest.approx(together[7].score, abs=1e-6) and said.decision == together[7].decision
    assert [said.sha256 for said in found] == [together[7].sha256] * 2 != [other.sha256] * 2
    assert (found[1].name, other.format) == ("image 1", "BMP")


def test_what_is_called_is_within_the_limits_of_the_validation_images(trained: Path, source: Path, rows: Rows) -> None:
    """Four of each in four groups: a quarter of errors can be allowed, a tenth cannot."""
    images = [source / row["path"] for row in of_source(trained, rows)]
    few = ft.predict(trained, images)
    assert {said.decision for said in few.images} == {"unsure"} and few.by.error == 0.1
    assert {said.doubts[-1].code for said in few.images} == {"few-images"}
    assert few.images[0].doubts[-1].words == "4 images of a class are too few to allow 0.1 errors: it takes 9"
    enough = ft.predict(trained, images, error=0.25)
    by = enough.by
    assert (by.reals, by.fakes, by.calibrated_on, by.stable_under) == (4, 4, "the validation split", ())
    assert by.real_to is not None and by.fake_from is not None
    for said in enough.images:
        assert said.score is not None
        real, fake = said.score <= by.real_to, said.score >= by.fake_from
        expected = ("fake" if said.score > by.threshold else "real") if real == fake else "real" if real else "fake"
        assert said.decision == (expected if real or fake else "unsure")
    assert {said.decision for said in enough.images} >= {"real", "fake"}
    of_errors = read_metrics_of(trained)["abstention"]
    assert [one["error"] for one in of_errors] == [0.05, 0.1, 0.2] and of_errors[0]["metrics"]["decided"]["value"] == 0


def test_images_of_another_kind_are_left_open(
    trained: Path, target: Path, quick: dict[str, Any], tmp_path: Path
) -> None:
    """The run knows noise; of a smooth picture it can tell nothing, whatever its score is."""
    settings = {**quick, "adapt.shots": 10, "adapt.draws": 1}
    run = ft.adapt(trained, target, tmp_path / "run", strategy="head", settings=settings)
    slope = np.add.outer(np.arange(88), np.arange(80))[..., None].repeat(3, axis=2)
    stream = io.BytesIO()
    Image.fromarray(slope.astype(np.uint8)).save(stream, "PNG")
    found = ft.predict(run, stream.getvalue(), error=0.25)
    (said,) = found.images
    assert read_metrics_of(run, "target")["abstention"][0]["metrics"]["left_open"]["value"] < 0.5
    assert found.by.knows_its_images and said.decision == "unsure" and said.doubts[0].code == "unlike"
    assert said.why.startswith("unlike the images of target, of which alone the run can tell")
    assert ft.predict(run, stream.getvalue(), **SURE).images[0].decision != "unsure"


def read_metrics_of(run: Path, domain: str = "source") -> dict[str, Any]:
    """The metrics of the evaluation on a domain."""
    content: dict[str, Any] = json.loads((run / f"evaluations/{domain}/metrics.json").read_text())
    return content


def test_a_call_that_turns_round_is_none(trained: Path, source: Path, rows: Rows) -> None:
    """Noise saved as JPEG 70 or at half the size is smooth, as the fakes are."""
    images = [source / row["path"] for row in of_source(trained, rows)]
    plain = ft.predict(trained, images, error=None).images
    asked = ft.predict(trained, images, error=None, stable=True)
    assert asked.by.stable_under == ("saved as JPEG 70", "at half the size")
    turned = [said for said in asked.images if said.doubts]
    assert turned and all(said.decision == "unsure" and said.doubts[0].code == "unstable" for said in turned)
    for before, after in zip(plain, asked.images, strict=True):
        other = {"real": "fake", "fake": "real"}[before.decision]
        assert after.decision == before.decision or after.why.endswith(f"it would be called {other}")


def test_shots_held_out_are_what_an_adaptation_is_calibrated_on(
    trained: Path, target: Path, quick: dict[str, Any], rows: Rows, tmp_path: Path
) -> None:
    head = ft.adapt(trained, target, tmp_path / "head", shots=3, strategy="head", settings=quick)
    held_out, shots = (rows(head / f"draws/1/{name}.csv") for name in ("held_out", "shots"))
    assert [row["path"] for row in held_out] == [row["path"] for row in shots]
    assert [row["score"] for row in held_out] != [row["score"] for row in shots]
    found = ft.predict(head, target / "fake", draw=1, error=0.4)
    assert (found.by.reals, found.by.calibrated_on, found.by.target) == (3, "shots held out", "target")
    tuned = ft.adapt(trained, target, tmp_path / "tuned", shots=3, strategy="finetune", settings=quick)
    said = ft.predict(tuned, target / "fake").images[0]
    assert said.decision == "unsure" and said.doubts[0].code == "not-calibrated" and "'finetune'" in said.why
    assert ft.predict(tuned, target / "fake", **SURE).images[0].decision in ("real", "fake")
    assert "0 to 1, got 2" in refused("run-unsuitable", head, target, draw=2)


def test_what_a_detector_does_not_apply_to(
    source: Path, quick: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_ADDED", {})
    monkeypatch.syspath_prepend(str(ROOT / "tests"))
    ft.register_detector("jpeg_only", "toy_detector:JpegOnly", "of JPEG alone", trains="none")
    photos = tmp_path / "photos"
    for path in sorted(source.rglob("*.png")):
        (photos / path.parent.name).mkdir(parents=True, exist_ok=True)
        Image.open(path).save(photos / path.parent.name / f"{path.stem}.jpg", quality=95)
    run = ft.train(photos, tmp_path / "run", "jpeg_only", settings=quick)
    png, jpeg = next((source / "real").iterdir()), next((photos / "real").iterdir())
    found = ft.predict(run, [png, jpeg], error=0.25, stable=True)
    assert found.by.stable_under == (), "what compression removes is what it looks for"
    silent, said = found.images
    assert (silent.decision, silent.score, silent.probability) == ("unsure", None, None)
    assert silent.doubts[0].code == "not-applicable" and "JPEG" in silent.why
    assert said.score is not None and said.tiles is None


@pytest.fixture
def photos(source: Path, tmp_path: Path) -> Path:
    """Five images, one twice and one of them damaged."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, path in enumerate(sorted((source / "real").iterdir())[:4]):
        shutil.copy(path, folder / f"{number}.png")
    shutil.copy(folder / "0.png", folder / "copy.png")
    (folder / "damaged.png").write_bytes((folder / "1.png").read_bytes()[:200])
    return folder


def test_the_command_from_files_to_tables(trained: Path, photos: Path, rows: Rows, forked_processes: None) -> None:
    files = [photos.parent / f"verdicts.{kind}" for kind in ("csv", "json", "parquet")]
    outputs = [word for path in files for word in (f"--{path.suffix[1:]}", path)]
    done = command("predict", trained, photos, photos / "none.png", *outputs, "--error", "0.25")
    assert done.returncode == 1, done.stderr
    assert "5 images: " in done.stdout and "; 2 could not be read" in done.stdout
    assert "errors of either class at most 0.25, for images like the 4 real and 4 fake" in done.stdout
    table = rows(files[0])
    assert [Path(row["name"]).name for row in table] == [
        *(f"{i}.png" for i in range(4)),
        "copy.png",
        "damaged.png",
        "none.png",
    ]
    assert table[4]["score"] == table[0]["score"] and table[4]["sha256"] == table[0]["sha256"]
    assert table[5]["code"] == "image-damaged" and table[6]["code"] == "path-missing" and not table[5]["decision"]
    document = read_document(files[1], Verdicts)
    assert [repr(said.score) for said in document.images] == [row["score"] for row in table[:5]]
    assert [one.code for one in document.skipped] == ["image-damaged", "path-missing"]
    from pyarrow import parquet

    columns = parquet.read_table(files[2]).to_pydict()
    assert columns["score"][:5] == [said.score for said in document.images] and columns["score"][5] is None
    assert columns["decision"] == [row["decision"] or None for row in table]
    assert not list(photos.parent.glob("*.progress")) and not list(photos.parent.glob(".*"))
    again = command("predict", trained, photos, "--csv", files[0])
    assert again.returncode == 2 and "exists already; --overwrite replaces it" in again.stderr


def test_lists_patterns_and_json_on_stdout(trained: Path, photos: Path, forked_processes: None) -> None:
    listed = "\0".join(str(photos / name) for name in ("0.png", "1.png"))
    done = command("predict", trained, "-", photos / "*[23].png", "--json", "--by-threshold", "--stable", input=listed)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [Path(one["name"]).name for one in found["images"]] == ["0.png", "1.png", "2.png", "3.png"]
    assert found["by"]["error"] is None and found["by"]["stable_under"]
    shown = command("predict", trained, photos / "0.png", photos / "damaged.png", "--by-threshold")
    lines = shown.stdout.splitlines()
    assert shown.returncode == 1 and "probability of fake" in lines[0] and lines[1].startswith("skipped")
    nothing = command("predict", trained, photos / "nothing*.png")
    assert nothing.returncode == 2 and "no file is named like this" in nothing.stdout


def test_a_broken_batch_goes_on(
    trained: Path, photos: Path, tmp_path: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ended after two images, in the middle of a line: what was judged is not judged again, the table is the same."""
    monkeypatch.setattr(batch, "_MOST_IMAGES", 2)
    whole, broken = tmp_path / "whole.csv", tmp_path / "broken.csv"
    ft.predict(trained, photos, csv=whole)
    judge = opened(trained)
    outcomes = batch.judge_files(judge, [photos], batch.Outputs(csv=broken))
    next(outcomes)
    outcomes.close()
    journal = tmp_path / "broken.csv.progress"
    assert not broken.exists() and len(journal.read_text().splitlines()) == 3
    with journal.open("a") as file:
        file.write('{"name": "cut sh')
    judged: list[int] = []
    plain = type(judge).judge
    monkeypatch.setattr(type(judge), "judge", lambda self, images: (judged.append(len(images)), plain(self, images))[1])
    ft.predict(trained, photos, csv=broken)
    assert broken.read_bytes() == whole.read_bytes() and not journal.exists()
    assert sum(judged) == 3, "two others, and the damaged one"


def opened(run: Path) -> Any:
    """The judge of a run, as `predict` has it."""
    from forensictransfer.api.images import predict_request

    return predict_request(run, 0.1, 0, False, None, None)


def test_a_killed_command_goes_on(trained: Path, photos: Path, tmp_path: Path, forked_processes: None) -> None:
    """SIGKILL once something is in the journal; given again, the command judges the rest and writes the same table."""
    for number in range(150):
        noise = np.random.default_rng(number).integers(0, 256, (64, 64, 3), np.uint8)
        Image.fromarray(noise).save(photos / f"more{number:03d}.png")
    table, journal = tmp_path / "table.csv", tmp_path / "table.csv.progress"
    words = [sys.executable, "-m", "forensictransfer", "predict", str(trained), str(photos), "--csv", str(table)]
    process = subprocess.Popen(words, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not (journal.exists() and journal.read_bytes().count(b"\n") > 1):
        pass
    process.kill()
    process.communicate()
    if not table.exists():
        kept = journal.read_bytes().count(b"\n") - 1
        assert kept >= 1
        again = subprocess.run(words, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
        assert again.returncode == 1 and f"{kept} images were judged before" in again.stderr
    with table.open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 156
    assert not journal.exists()


def test_what_was_wrong_is_kept_as_a_domain(
    trained: Path, source: Path, photos: Path, tmp_path: Path, forked_processes: None
) -> None:
    """All that is not called what it is, once, by hash; the folder opens as a domain."""
    folder = tmp_path / "corrections"
    words = ("predict", trained, photos, "--feedback", folder, "--truth")
    done = command(*words, "fake")
    assert done.returncode == 1 and f"kept in {folder}: 4 that are fake and were not called so" in done.stdout
    kept = sorted(path.name for path in (folder / "fake").iterdir())
    hashes = {said.sha256[:32] for said in ft.predict(trained, photos).images}
    assert {Path(name).stem for name in kept} == hashes and len(kept) == 4
    lines = [json.loads(line) for line in (folder / "feedback.jsonl").read_text().splitlines()]
    assert [line["truth"] for line in lines] == ["fake"] * 4 and lines[0]["by"]["run"] == str(trained)
    assert "0 that are fake" in command(*words, "fake").stdout
    contradicted = command(*words, "real")
    assert contradicted.returncode == 2 and "was kept as the other in" in contradicted.stderr
    done = command("predict", trained, source / "fake", "--truth", "real", "--feedback", folder)
    assert done.returncode == 0 and "26 that are real" in done.stdout, done.stderr
    records = open_domain(str(folder), data=DataSettings()).records
    assert [sum(record.label == label for record in records) for label in (0, 1)] == [26, 4]
    assert "give both" in command("predict", trained, photos, "--truth", "real").stderr


def test_a_journal_of_other_verdicts_is_not_taken_over(trained: Path, photos: Path, tmp_path: Path) -> None:
    outcomes = batch.judge_files(opened(trained), [photos], batch.Outputs(csv=tmp_path / "a.csv"))
    next(outcomes)
    outcomes.close()
    said = refused("inputs-changed", trained, photos, csv=tmp_path / "a.csv", error=0.25)
    assert "another run, version or settings; --overwrite begins anew" in said
    assert len(ft.predict(trained, photos, csv=tmp_path / "a.csv", error=0.25, overwrite=True).images) == 5


def test_what_cannot_be_compressed_once_more_ends_nothing(trained: Path, photos: Path, tmp_path: Path) -> None:
    """A run that learned from JPEG has every image as one, which has 65,500 pixels along a side at most."""
    Image.new("RGB", (65_600, 8)).save(tmp_path / "long.png")
    judge = opened(trained)
    judge._data = judge._data.model_copy(update={"recompress": 90})
    said, after = batch.judge_files(judge, [tmp_path / "long.png", photos / "0.png"])
    assert (said.code, after.name) == ("image-too-large", str(photos / "0.png"))


def test_refused_in_a_line(trained: Path, photos: Path, tmp_path: Path) -> None:
    for error in (0, 1, -0.1, float("nan")):
        assert "above 0 and below 1" in refused("command-line", trained, photos, error=error)
    assert "no such run folder" in refused("path-missing", tmp_path / "none", photos)
    assert "no such folder to write to" in refused("path-missing", trained, photos, csv=tmp_path / "no" / "a.csv")
    assert "got a folder" in refused("path-wrong-kind", trained, photos, json=tmp_path)
    both = refused("arguments-conflict", trained, photos, json=tmp_path / "a", csv=tmp_path / "a")
    assert "a file of its own" in both
    assert "is a result in" in refused("path-exists", trained, photos, csv=trained / "validation.csv", overwrite=True)
    assert "data.crop" in refused("run-unsuitable", trained, photos, settings={"data.crop": 72})
    nothing = ft.predict(trained, [photos / "damaged.png"])
    assert not nothing.images and nothing.skipped[0].code == "image-damaged"
