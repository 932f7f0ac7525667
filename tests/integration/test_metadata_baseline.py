"""The accuracy without pixels beside every result: in metrics.json, what commands print, tables, cards and pages."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import forensictransfer as ft
from forensictransfer.auditing import metadata_baseline as quick
from forensictransfer.auditing.metadata_baseline import metadata_only
from forensictransfer.core.settings import DataSettings
from forensictransfer.data.counts import Counts
from forensictransfer.data.domains import Domain, open_domain
from forensictransfer.report.tables.cross_domain import table
from forensictransfer.results.audits import audit_path, read_audit, without_pixels
from forensictransfer.results.formats.metrics import MetadataBaseline
from forensictransfer.results.metadata_baseline import is_doubtful, warning
from forensictransfer.results.numbers import baseline as baseline_text
from forensictransfer.sweep.audits import audit_all
from forensictransfer.sweep.folder import SweepFolder

Picture = Callable[..., Image.Image]


def baseline(value: float | None, low: float | None, high: float | None) -> MetadataBaseline:
    strongest = "file format: PNG in 0 % of reals"
    return MetadataBaseline(balanced_accuracy=value, low=low, high=high, n=Counts(9, 9, 18), strongest=strongest)


def opened(folder: Path) -> Domain:
    return open_domain(folder, data=DataSettings())


@pytest.fixture(scope="module")
def told_apart(make_domain: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A domain whose fakes are JPEGs and whose reals are PNGs."""
    folder = make_domain(tmp_path_factory.mktemp("domains") / "told_apart", "c", seed=3)
    for path in sorted((folder / "fake").iterdir()):
        with Image.open(path) as image:
            image.save(path.with_suffix(".jpg"))
        path.unlink()
    return folder


@pytest.fixture(scope="module")
def evaluated(trained: Path, target: Path, told_apart: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trained run, evaluated on a domain whose files say nothing and on one whose files say all."""
    run = Path(shutil.copytree(trained, tmp_path_factory.mktemp("runs") / "evaluated"))
    ft.evaluate(run, [target, told_apart])
    return run


def metrics(run: Path, domain: str) -> dict[str, Any]:
    return dict(json.loads((run / "evaluations" / domain / "metrics.json").read_text()))


def test_metrics_say_how_far_files_alone_get(evaluated: Path) -> None:
    found = metrics(evaluated, "told_apart")["metadata_only"]
    assert found["balanced_accuracy"] > 0.95 and found["low"] > 0.8 and found["high"] == 1
    assert found["n"] == {"real": 26, "fake": 26, "groups": 26}
    assert found["strongest"] == "file format: JPEG in 0 % of reals, 100 % of fakes"
    assert set(metrics(evaluated, "target")["metadata_only"]) == set(found)


def test_show_card_and_table_say_it_and_warn(evaluated: Path, tmp_path: Path) -> None:
    shown, card = ft.show(evaluated), (evaluated / "CARD.md").read_text()
    text = ft.table(evaluated, markdown=tmp_path / "t.md", csv=tmp_path / "t.csv", latex=tmp_path / "t.tex")
    for said in (shown, card, text, (tmp_path / "t.md").read_text(), (tmp_path / "t.tex").read_text()):
        flat = " ".join(said.split())
        assert "metadata alone" in flat
        assert "can be told apart without looking at a pixel" in flat.replace(r"\%", "%")
    row = next(line for line in text.splitlines() if line.startswith("metadata alone"))
    assert "100.0 [" in row
    assert text.count("metadata alone ") == 1  # under the accuracies, not under the AUCs
    rows = [line for line in (tmp_path / "t.csv").read_text().splitlines() if "metadata_only_balanced_accuracy" in line]
    assert len(rows) == 3


@pytest.mark.slow
def test_training_prints_it(told_apart: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from forensictransfer.cli.main import main

    settings = tmp_path / "settings.yaml"
    settings.write_text("detector: meso4\ntrain: {epochs: 1, batch: 16, statistics_batches: 1}\ndata: {crop: 64}\n")
    assert main(["train", "--source", str(told_apart), "--out", str(tmp_path / "run"), "--config", str(settings)]) == 0
    printed = capsys.readouterr().out
    head, row = printed.splitlines()[:2]
    assert row[head.index("metadata alone") :].startswith("100.0 % [") and row.startswith("told_apart ")
    assert "metadata alone: what a classifier reaches that sees sizes, formats and metadata and no pixel" in printed
    assert "warning: told_apart: reals and fakes can be told apart without looking at a pixel (100.0 %" in printed


def test_results_of_earlier_versions_are_read(evaluated: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(evaluated, tmp_path / "old"))
    for path in run.glob("evaluations/*/metrics.json"):
        content = json.loads(path.read_text())
        del content["metadata_only"]
        path.write_text(json.dumps(content))
    text = table([run])
    assert "metadata alone" not in text and "Warning" not in text
    lines = ft.show(run).splitlines()
    head = next(line for line in lines if "metadata alone" in line)
    assert lines[lines.index(head) + 1][head.index("metadata alone") :].startswith("unknown ")


def test_it_is_found_once_for_the_same_images(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from forensictransfer.experiments import session as sessions

    session = sessions.Session()
    first = session.metadata_baseline(opened(source))
    assert first == metadata_only(opened(source))
    monkeypatch.setattr(sessions, "metadata_only", lambda domain: pytest.fail("measured again"))
    assert session.metadata_baseline(opened(source)) == first


def test_no_pixel_is_decoded_and_few_headers_are_read(
    make_photograph: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(60):
        path = tmp_path / "d" / ("real", "fake")[number % 2] / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        make_photograph(number).save(path, quality=90 - 10 * (number % 2))
    # The header is whole, the pixels are not: a decoder would refuse it.
    path.write_bytes(path.read_bytes()[:700])
    monkeypatch.setattr(quick, "MOST_IMAGES", 40)
    found = metadata_only(opened(tmp_path / "d"))
    assert found.n == Counts(20, 20, 40) and found["balanced_accuracy"] == 1


@pytest.mark.parametrize(
    ("found", "text", "doubtful"),
    [
        (None, "unknown", False),
        (baseline(None, None, None), "cannot be told", False),
        (baseline(0.6, 0.54, 0.65), "60.0 % [54.0, 65.0]", False),
        (baseline(0.58, 0.55, 0.61), "58.0 % [55.0, 61.0]", True),
        (baseline(0.61, 0.49, 0.7), "61.0 % [49.0, 70.0]", False),
        (baseline(0.61, 0.57, 0.65), "61.0 % [57.0, 65.0]", True),
    ],
)
def test_what_is_doubtful(found: MetadataBaseline | None, text: str, doubtful: bool) -> None:
    assert baseline_text(found) == text
    assert is_doubtful(found and found.estimate) == doubtful == (warning("d", found) is not None)


def test_the_warning_names_what_separates() -> None:
    assert warning("d", baseline(0.93, 0.9, 0.95)) == (
        "d: reals and fakes can be told apart without looking at a pixel (93.0 % [90.0, 95.0]; file format: PNG in 0 % "
        "of reals): its accuracy may measure that"
    )


def test_a_sweep_audits_each_domain_once(
    source: Path,
    told_apart: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "forensictransfer.sweep.audits")
    folder = SweepFolder(tmp_path)
    domains = [opened(source), opened(told_apart)]
    audit_all(folder, domains, DataSettings(), 1)
    assert any(
        line.startswith("audit of told_apart: do not use: reals and fakes can be told apart")
        for line in caplog.messages
    )
    path = audit_path(tmp_path, "told_apart")
    kept = path.read_bytes()
    found = read_audit(tmp_path, "told_apart", domains[1].fingerprint())
    assert found is not None and without_pixels(found)["balanced_accuracy"] > 0.95
    assert read_audit(tmp_path, "told_apart", "other images") is None and read_audit(tmp_path, "unknown") is None
    monkeypatch.setattr("forensictransfer.auditing.audit.audit_domains", lambda *a, **k: pytest.fail("audited again"))
    before = list(caplog.messages)
    audit_all(folder, domains, DataSettings(), 1)
    assert path.read_bytes() == kept and caplog.messages == before


def test_a_domain_that_cannot_be_audited_stops_nothing(
    source: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = Path(shutil.copytree(source, tmp_path / "broken"))
    for path in (folder / "fake").iterdir():
        path.write_bytes(b"")
    audit_all(SweepFolder(tmp_path), [opened(folder)], DataSettings(), 1)
    said = [record.getMessage() for record in caplog.records if record.name == "forensictransfer.sweep.audits"]
    assert len(said) == 1 and said[0].startswith("not audited: ")
