"""`evaluate --localise`: heat maps against the masks of a domain."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensictransfer.core.settings import DataSettings
from forensictransfer.data.domains import open_domain
from forensictransfer.data.image_file import ImageFile
from forensictransfer.data.masks import read_mask
from forensictransfer.detectors.trainable import as_trainable
from forensictransfer.evaluation.localisation import against_mask, false_alarm_area
from forensictransfer.experiments.session import Session
from forensictransfer.results.draws import decided_draws
from forensictransfer.results.runs import RunFolder
from tests.commands import run_command


@pytest.fixture
def masked(target: Path, tmp_path: Path) -> Path:
    """The target with masks of its fakes, a quarter of each marked; one mask has another size."""
    folder = Path(shutil.copytree(target, tmp_path / "masked"))
    for path in sorted((folder / "fake").iterdir()):
        width, height = Image.open(path).size
        mask = np.zeros((height, width), np.uint8)
        mask[: height // 2, : width // 2] = 255
        (folder / "mask").mkdir(exist_ok=True)
        Image.fromarray(mask).save(folder / "mask" / f"{path.stem}.png")
    test = [record for record in open_domain(folder, data=DataSettings()).split("test") if record.mask is not None]
    Image.new("L", (7, 7), 255).save(str(test[0].mask))
    return folder


def test_maps_are_compared_with_masks(copied_run: Path, masked: Path) -> None:
    done = run_command("evaluate", copied_run, "--on", masked, "--localise")
    assert done.returncode == 0, done.stderr
    folder = copied_run / "evaluations" / "masked"
    found = json.loads((folder / "metrics.json").read_text())["localisation"]
    run = RunFolder.open(copied_run)
    records = open_domain(masked, data=run.settings.data).split("test")
    fakes = [record for record in records if record.label == 1]
    assert found["n"]["fake"] == len(fakes) - 1 and found["n"]["real"] == len(records) - len(fakes)
    ((name, reason),) = found["skipped"]
    assert name == fakes[0].name and "found 7 x 7" in reason
    rows = list(csv.DictReader((folder / "localisation.csv").open()))
    assert [row["path"] for row in rows] == [record.name for record in records if record.name != name]
    detector = as_trainable(Session().detector(run))
    ((_, decision, _),) = decided_draws(run)
    flat = 0
    for record, row in zip([one for one in records if one.name != name], rows, strict=True):
        file = ImageFile.of_record(record)
        heat_map = detector.examine([file], decision=decision, options=run.settings.evaluate)[0].heat_map
        assert heat_map is not None
        if record.mask is None:
            assert float(row["false_alarm_area"]) == pytest.approx(false_alarm_area(heat_map), abs=1e-3)
            assert row["pixel_auc"] == ""
        else:
            flat += int(np.ptp(heat_map) < 1e-6)
            expected = against_mask(heat_map, read_mask(record.mask, file.size))
            for measure, value in expected.items():
                assert float(row[measure]) == pytest.approx(value, abs=0.02)
    assert found["flat"] == flat
    for measure, estimate in found["metrics"].items():
        values = [float(row[measure]) for row in rows if row[measure]]
        assert estimate["value"] == pytest.approx(np.mean(values)) and estimate["low"] <= estimate["value"]
    assert f"Heat maps on masked ({len(fakes) - 1} fakes with a mask" in done.stdout
    assert "AUC over pixels: " in run_command("show", copied_run).stdout
    assert run_command("table", copied_run, "--csv", copied_run.parent / "table.csv").returncode == 0
    table = {
        row["metric"]: row
        for row in csv.DictReader((copied_run.parent / "table.csv").open())
        if row["tested_on"] == "masked"
    }
    for measure, estimate in found["metrics"].items():
        assert [float(table[measure][name]) for name in ("value", "low", "high")] == list(estimate.values())
        assert int(table[measure]["n_fake"]) == len(fakes) - 1
    again = run_command("evaluate", copied_run, "--on", masked, "--overwrite")
    assert again.returncode == 0, again.stderr
    assert json.loads((folder / "metrics.json").read_text())["localisation"] is None
    assert not (folder / "localisation.csv").exists()


def test_a_domain_without_masks_is_one_line_and_nothing_is_written(copied_run: Path, target: Path) -> None:
    done = run_command("evaluate", copied_run, "--on", target, "--localise")
    assert done.returncode == 2
    assert "expected masks of fakes of its test split (mask/ beside fake/, the same names), found none" in done.stderr
    assert not (copied_run / "evaluations" / "target").exists()
