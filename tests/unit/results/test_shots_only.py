"""An adapted run beside what its shots alone reach: which of both is better, by the files of the run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from forensictransfer.evaluation.metrics import ScoredImages, summarise_draws
from forensictransfer.report.model_card import card_text, results_text, show_text
from forensictransfer.report.tables.cross_domain import collect, render_csv, table
from forensictransfer.results.formats.document import write_document
from forensictransfer.results.formats.metrics import DrawMetrics
from forensictransfer.results.formats.shots_only import ShotsOnlyMetrics
from forensictransfer.results.runs import RunFolder
from forensictransfer.results.scores import write_predictions
from forensictransfer.results.shots_only import NO_GAIN, write_shots_only
from tests.documents import domain_of, metrics_of, run_info

Make = Callable[..., Path]
TARGET = domain_of("retouch", fingerprint="cd" * 32)


def scored(right: float, draw: int, images: int = 40) -> ScoredImages:
    """Test images of which a share is called right, the first ones of each class."""
    labels = np.repeat([0, 1], images)
    hit = np.tile(np.arange(images) < right * images, 2)
    scores = np.where(hit == (labels == 1), 1.0, -1.0) + 0.1 * draw
    names = [f"{i}.png" for i in range(2 * images)]
    groups = [f"g{i % images}" for i in range(2 * images)]
    energies = np.stack([-scores / 2, scores / 2], axis=1)
    return ScoredImages(names, labels, groups, scores, (scores > 0).astype(float), 0.1 * draw, draw, energies)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A run adapted to `retouch` that calls a share of the test images right, and what its shots alone do."""

    def write(run_right: float, alone_right: float | None, name: str = "run", shots: int = 10) -> Path:
        folder = tmp_path / name
        draws = [scored(run_right, draw) for draw in range(2)]
        found = summarise_draws(draws, resamples=100)
        metrics = metrics_of(
            TARGET.name,
            run_target=TARGET.name,
            strategy="head",
            shots=shots,
            draws=2,
            n=found.n,
            metrics=dict(found.metrics),
            per_draw=tuple(DrawMetrics.of(one) for one in found.per_draw),
        )
        (folder / "evaluations" / "retouch").mkdir(parents=True)
        write_document(folder / "run.json", run_info("adapt", target=TARGET, shots=shots))
        (folder / "settings.yaml").write_text("{}\n")
        write_predictions(folder / "evaluations" / "retouch" / "predictions.csv", draws)
        write_document(folder / "evaluations" / "retouch" / "metrics.json", metrics)
        if alone_right is not None:
            (folder / "shots_only").mkdir()
            # In another order, and with an image more than the run was tested on.
            other = [scored(alone_right, draw, images=40) for draw in range(2)]
            summary = summarise_draws(other, resamples=100)
            about = ShotsOnlyMetrics(
                **TARGET.model_dump(include={"origin", "fingerprint"}),
                target=TARGET.name,
                descriptor="cooccurrence",
                classifier="a discriminant",
                shots=shots,
                draws=2,
                seed=0,
                threshold_rule="midpoint (shots)",
                resamples=100,
                n=summary.n,
                metrics=dict(summary.metrics),
                per_draw=tuple(DrawMetrics.of(one) for one in summary.per_draw),
            )
            write_shots_only(folder / "shots_only", about, other)
        RunFolder.open(folder, finished=False).finish()
        return folder

    return write


def test_a_run_that_does_better_is_not_marked_and_one_that_does_not_is(make: Make) -> None:
    better, worse = make(0.9, 0.6, "better"), make(0.6, 0.9, "worse", shots=5)
    cells = collect([better, worse])
    assert cells[0].shots_only is not None and cells[1].shots_only is not None
    assert cells[0].shots_only.beaten and not cells[1].shots_only.beaten
    assert cells[0].shots_only.gain.value == pytest.approx(0.3)
    assert cells[1].shots_only.gain.value == pytest.approx(-0.3)
    text = table([better, worse])
    marked = [line for line in text.splitlines() if line.rstrip().endswith(NO_GAIN)]
    assert len(marked) == 2 and " 5 " in marked[0] and "60.0 [" in marked[0]
    lines = text.partition("balanced accuracy, %")[2].splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("shots only "))
    assert [line.split()[-3:-2] + line.split()[-5:-4] for line in lines[place : place + 2]] == [
        ["90.0", "5"],
        ["60.0", "10"],
    ]
    assert f"{NO_GAIN}: not shown to beat shots only" in text


def test_no_difference_is_no_gain(make: Make) -> None:
    (cell,) = collect([make(0.8, 0.8)])
    assert cell.shots_only is not None
    assert (cell.shots_only.gain.value, cell.shots_only.beaten) == (0.0, False)


def test_the_numbers_of_the_shots_are_a_column_in_csv(make: Make) -> None:
    header, first, *_ = (line.split(",") for line in render_csv(collect([make(0.9, 0.6)])).splitlines())
    row = dict(zip(header, first, strict=True))
    assert row["metric"] == "balanced_accuracy" and float(row["value"]) == pytest.approx(0.9)
    assert float(row["shots_only"]) == pytest.approx(0.6) and float(row["gain"]) == pytest.approx(0.3)
    assert float(row["gain_low"]) > 0


def test_a_run_in_words_has_the_row_and_says_what_it_gains(make: Make) -> None:
    run = RunFolder.open(make(0.6, 0.9))
    for text in (results_text(run), show_text(run), card_text(run)):
        assert "shots only" in text and "not shown to beat" in text and "gains -30.0 [" in text
        assert "of AUC over shots only" in text


def test_an_earlier_run_has_no_such_row(make: Make) -> None:
    run = make(0.9, None)
    (cell,) = collect([run])
    assert cell.shots_only is None
    assert "shots only" not in table([run]) and "shots only" not in show_text(RunFolder.open(run))


def test_a_test_on_other_images_is_not_compared(make: Make) -> None:
    run = make(0.9, 0.6)
    path = run / "evaluations" / "retouch" / "metrics.json"
    path.write_text(path.read_text().replace("cd" * 32, "ef" * 32))
    (cell,) = collect([run])
    assert cell.shots_only is None
