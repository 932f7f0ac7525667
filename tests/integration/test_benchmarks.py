"""Benchmarks of speed and of detectors at toy size: that they run, and that shares follow from the rates."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.scripts import ROOT, script

pytestmark = pytest.mark.skipif(not (ROOT / "benchmarks").is_dir(), reason="needs the checkout")


def test_bench_prints_a_table_and_writes_what_it_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "bench.json"
    words = "--detector meso4 --size 64 --batch 4 --seconds 0.01 --repetitions 2 --parts scoring training --out".split()
    assert script("bench", monkeypatch).main([*words, str(out)]) == 0
    shown, result = capsys.readouterr().out, json.loads(out.read_text())
    rows = {row["name"]: row for row in result["measurements"]}
    assert list(rows) == [
        "training, from memory",
        "training, from JPEG files",
        "scoring in 64 px crops, from memory",
        "scoring in 64 px crops, from JPEG files",
        "scoring in 32 px tiles, from memory",
        "scoring in 32 px tiles, from JPEG files",
    ]
    assert all(name in shown for name in rows)
    machine, work = result["machine"], result["multiply_adds"]
    product = machine["matrix_product_gflops"]["median"] * 1e9
    for name, operations in (
        ("training, from memory", 2 * work["64"]["training_as_computed"]),
        ("scoring in 64 px crops, from memory", 2 * work["64"]["encoder"]),
        # The default distance of tiles is 64, but never more than a tile: 2 x 2 tiles of 32.
        ("scoring in 32 px tiles, from memory", 2 * 4 * work["32"]["encoder"]),
    ):
        row = rows[name]
        assert row["repetitions"] == 2 and 0 < row["min"] <= row["median"] <= row["max"]
        assert row["share_of_matrix_product"] == pytest.approx(row["median"] * operations / product)
        assert row["share_of_jpeg_decoding"] is None
    files = rows["training, from JPEG files"]
    decoding = machine["jpeg_decoding_all_threads"]["median"]
    assert files["share_of_jpeg_decoding"] == pytest.approx(files["median"] / decoding)
    peaks = list(result["peak_memory_mib"].values())
    assert peaks == sorted(peaks) and peaks[0] > 10


def test_adapting_is_timed_with_and_without_the_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script("bench", monkeypatch)
    from benchmarks.measure import adapting, settings_for
    from benchmarks.photographs import write_photographs

    settings = settings_for("meso4", 32, 20, 2, adapt__steps=2, adapt__batch=4)
    first, later = adapting(write_photographs(tmp_path, 20, 32, 0), settings, "two steps", 2)
    assert (len(first.spread.values), len(later.spread.values)) == (1, 2)
    assert first.spread.median > later.spread.median > 0


def test_few_shots_are_timed_with_the_split_of_where_time_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script("bench", monkeypatch)
    from benchmarks.measure import few_shots, settings_for
    from benchmarks.photographs import write_photographs

    settings = settings_for("cooccurrence", 32, 8, 2, adapt__strategy="head")
    described, first, later = few_shots(write_photographs(tmp_path, 20, 64, 0), settings, 2)
    assert [one.unit for one in (described, first, later)] == ["s"] * 3
    assert all(len(one.spread.values) == 2 and min(one.spread.values) > 0 for one in (described, first, later))


def test_arithmetic_of_the_papers_network(monkeypatch: pytest.MonkeyPatch) -> None:
    script("bench", monkeypatch)
    from forensictransfer.detectors.arithmetic import arithmetic
    from forensictransfer.detectors.networks.forensic_transfer import ForensicTransferResidual

    count = arithmetic(ForensicTransferResidual.build(256))
    residual = 4 * 240 * 240 * 6
    first = 240 * 240 * 9 * 6 * 8
    stage = 120 * 120 * 9 * 8 * 16  # half the side and twice the channels at both ends: all four take the same
    assert count.encoder == residual + first + 4 * stage  # 93 million
    up, last = 240 * 240 * 9 * 16 * 8, 240 * 240 * 9 * 8 * 6
    assert count.decoder_drawn == 4 * up + last  # 290 million
    assert count.decoder_computed == 4 * up * 16 // 36 + last
    assert count.training(drawn=True) == residual + 3 * (first + 4 * stage + 4 * up + last) - first
    assert count.uncounted == ()


def test_made_up_photographs_come_from_the_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script("bench", monkeypatch)
    from benchmarks.photographs import write_photographs

    once, again, other = (
        write_photographs(tmp_path / name, 2, 64, seed) for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    content = [[Path(str(record.source)).read_bytes() for record in records] for records in (once, again, other)]
    assert content[0] == content[1] != content[2]
    assert [record.label for record in once] == [0, 1]
    with Image.open(str(once[0].source)) as image:
        assert (image.format, image.size, image.mode) == ("JPEG", (64, 64), "RGB")


@pytest.mark.parametrize("words", [["--size", "100"], ["--batch", "3"], ["--seconds", "0"], ["--detector", "none"]])
def test_bench_refuses_impossible_options(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="2"):
        script("bench", monkeypatch).parsed(words)


def folder_of_noise(folder: Path, spread: float) -> Path:
    """A small domain whose fakes are smoother than its reals."""
    rng = np.random.default_rng(int(spread))
    for kind in ("real", "fake"):
        for split, count in (("train", 8), ("validation", 4)):
            (folder / split / kind).mkdir(parents=True)
            for index in range(count):
                pixels = rng.normal(128, spread, (32, 32, 3))
                if kind == "fake":
                    pixels = (pixels + np.roll(pixels, 1, 0)) / 2
                image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
                image.save(folder / split / kind / f"{kind}_{split}_{index}.png")
    return folder


def test_batch_norm_looks_at_every_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config, out = tmp_path / "tiny.yaml", tmp_path / "out.json"
    config.write_text(
        "data: {crop: 32}\ntrain: {batch: 8, statistics_batches: 2}\n"
        "adapt: {steps: 2, batch: 4, shots_only: false}\nevaluate: {stride: 32, batch: 8}\n"
    )
    source, target = folder_of_noise(tmp_path / "first", 20), folder_of_noise(tmp_path / "second", 40)
    words = f"--source {source} --target {target} --epochs 2 --shots 2 --config {config} --out {out}".split()
    module = script("batch_norm", monkeypatch)
    assert module.main(words) == 0
    rows = json.loads(out.read_text())["rows"]
    assert [row["state"] for row in rows] == [
        "first, statistics tracked",
        "first, re-estimated on its train split",
        "second, not adapted",
        "second, adapted with 2+2 shots, statistics tracked",
        "second, adapted with 2+2 shots, re-estimated on the shots",
    ]
    assert all(0 <= row[name] <= 1 for row in rows for name in module.COLUMNS)
    # Batch mode does not use the moving statistics: the weights are the same, so is the answer.
    assert rows[0]["crop_accuracy_batch_mode"] == rows[1]["crop_accuracy_batch_mode"]
    assert rows[0]["state"] in capsys.readouterr().out
    assert module.main(["--source", str(tmp_path / "none")]) == 2


def test_the_audit_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--images", "80", "--size", "64", "--out", str(tmp_path / "audit.json")]
    assert script("audit", monkeypatch).main(words) == 0
    shown, rows = capsys.readouterr().out, json.loads((tmp_path / "audit.json").read_text())
    assert [(row["images"], row["workers"]) for row in rows] == [(40, 2), (80, 2), (80, 1)]
    assert all(row["looking"] > 0 and row["mib"]["command"] > 0 for row in rows)
    assert "KiB an image" in shown


@pytest.mark.slow
@pytest.mark.usefixtures("forked_processes")
def test_detectors_side_by_side(
    source: Path, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "detectors.json"
    words = ["--source", source, "--target", target, "--minutes", 0.001, "--draws", 2, "--seconds", 0.01]
    words += ["--set", "evaluate.resamples=50", "evaluate.batch=16", "train.batch=16", "adapt.shots=3"]
    words += ["adapt.steps=2", "adapt.batch=4", "adapt.shots_only=false", "train.statistics_batches=2", "--out", out]
    words += ["--detectors", "cooccurrence", "meso4"]
    module = script("detectors", monkeypatch)
    assert module.main(list(map(str, words))) == 0
    shown, rows = capsys.readouterr().out, json.loads(out.read_text())["rows"]
    assert list(rows) == ["cooccurrence", "meso4"]
    for name, row in rows.items():
        assert name in shown and f"{row['parameters']:,}" in shown
        assert row["peak_memory_mib"] > 100 and row["scoring_per_second"] > 0 and row["adapting_seconds"] > 0
        for key, draws in (("own", 1), ("zero_shot", 1), ("shots", 2)):
            assert 0 <= row[key]["low"] <= row[key]["value"] <= row[key]["high"] <= 1 and row[key]["draws"] == draws
    assert rows["cooccurrence"]["training_per_second"] is None and rows["meso4"]["epochs"] == 1
    assert module.main(["--detectors", "meso5"]) == 2
    assert "'meso5'" in capsys.readouterr().err
