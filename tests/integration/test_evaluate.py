"""Evaluation: scores by hand, photographs seen before left out, files that agree with each other."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import forensictransfer as ft
from forensictransfer.data.counts import Counts
from forensictransfer.data.decode import decode
from forensictransfer.evaluation import metrics
from forensictransfer.results.evaluations import read_metrics
from forensictransfer.results.formats.document import document_content
from forensictransfer.results.formats.metrics import Dropped, Metrics
from forensictransfer.results.runs import RunFolder
from forensictransfer.results.scores import PREDICTION_COLUMNS

Rows = Callable[[Path], list[dict[str, str]]]


def column(rows: list[dict[str, str]], name: str) -> np.ndarray:
    return np.array([float(row[name]) for row in rows])


def evaluated(run: Path, domain: Path) -> tuple[Path, Metrics]:
    """The folder of an evaluation, and its metrics as the call returns them."""
    (found,) = ft.evaluate(run, domain)
    return run / "evaluations" / domain.name, found


def test_scores_are_means_over_tiles_of_the_whole_image(trained: Path, source: Path, rows: Rows) -> None:
    """88 x 80 pixels, crops of 64, stride 16: rows at 0, 16, 24 and columns at 0, 16, cut out by hand."""
    from forensictransfer.experiments.session import Session

    predictions = rows(trained / "evaluations" / "source" / "predictions.csv")
    detector = Session().detector(RunFolder.open(trained))
    for row in (predictions[0], predictions[-1]):
        image = decode(source / row["path"], max_pixels=10**6)
        crops = np.stack([image[y : y + 64, x : x + 64] for y in (0, 16, 24) for x in (0, 16)])
        energies = detector.analyse(crops).energies.mean(axis=0)
        np.testing.assert_allclose([float(row["energy_real"]), float(row["energy_fake"])], energies, atol=1e-5)
        assert float(row["score"]) == pytest.approx(energies[1] - energies[0], abs=1e-5)


def test_how_many_are_scored_at_once_does_not_matter(
    trained: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from forensictransfer.core.settings import load_settings
    from forensictransfer.data.batches import Images
    from forensictransfer.data.domains import open_domain
    from forensictransfer.evaluation.scoring import analyse_images
    from forensictransfer.experiments.session import Session

    run = RunFolder.open(trained)
    images = Images(open_domain(source, data=run.settings.data).split("test"), data=run.settings.data)
    detector = Session().detector(run)
    sizes: list[int] = []
    analyse = detector.analyse
    monkeypatch.setattr(detector, "analyse", lambda crops: (sizes.append(len(crops)), analyse(crops))[1])

    def scored(batch: int, chosen: Images) -> Any:
        sizes.clear()
        settings = load_settings(None, {"evaluate.batch": batch}, base=run.settings)
        found = analyse_images(detector, chosen, settings.evaluate)
        assert set(sizes) == {batch}
        return found

    usual = scored(16, images)
    for batch in (5, 128):
        other = scored(batch, images)
        np.testing.assert_allclose(other.energies, usual.energies, atol=1e-5)
        np.testing.assert_allclose(other.features, usual.features, atol=1e-5)
    np.testing.assert_allclose(scored(16, images.subset([3])).scores, usual.scores[3:4], atol=1e-5)


def test_other_weights_are_scored_anew(trained: Path, source: Path) -> None:
    """Whatever is remembered of the same images with other weights."""
    from forensictransfer.data.batches import Images
    from forensictransfer.data.domains import open_domain
    from forensictransfer.evaluation.scoring import analyse_images
    from forensictransfer.experiments.session import Session

    run = RunFolder.open(trained)
    images = Images(open_domain(source, data=run.settings.data).split("test"), data=run.settings.data)
    detector = Session().detector(run)
    weights = detector.model.get_weights()
    before = analyse_images(detector, images, run.settings.evaluate).scores
    detector.model.set_weights([value * 1.1 for value in weights])
    assert not np.allclose(analyse_images(detector, images, run.settings.evaluate).scores, before)
    backwards = analyse_images(detector, images.subset(range(len(images))[::-1]), run.settings.evaluate).scores
    detector.model.set_weights(weights)
    np.testing.assert_array_equal(analyse_images(detector, images, run.settings.evaluate).scores, before)
    assert not np.allclose(backwards[::-1], before)


def test_the_files_of_an_evaluation_agree(
    copied_run: Path, make_domain: Callable[..., Path], tmp_path: Path, rows: Rows
) -> None:
    hard = make_domain(tmp_path / "hard", "j", contrast=0.6, seed=9)
    folder, found = evaluated(copied_run, hard)
    predictions, stored = rows(folder / "predictions.csv"), json.loads((folder / "metrics.json").read_text())
    assert stored == json.loads(json.dumps(document_content(found)))
    decision = json.loads((copied_run / "decision.json").read_text())
    assert list(predictions[0]) == list(PREDICTION_COLUMNS)
    threshold = json.loads((copied_run / "decision.json").read_text())["threshold"]
    assert {row["threshold"] for row in predictions} == {repr(threshold)}
    assert all(row["decision"] == ("fake" if float(row["score"]) > threshold else "real") for row in predictions)
    assert {row["draw"] for row in predictions} == {"0"}
    assert [row["label"] for row in predictions] == [str(int("fake/" in row["path"])) for row in predictions]
    assert all((hard / row["path"]).is_file() and Path(row["path"]).stem == row["group"] for row in predictions)
    scores, probabilities = column(predictions, "score"), column(predictions, "probability")
    expected = metrics.summarise(
        column(predictions, "label"),
        scores,
        probabilities,
        [row["group"] for row in predictions],
        decision["threshold"],
        resamples=50,
    )
    assert found.n == expected.n == Counts(6, 6, 6)
    assert found.metrics == expected.metrics
    assert 0.5 < stored["metrics"]["auc"]["value"] < 1, "hard enough to tell one number from another"
    real, fake = column(predictions, "energy_real"), column(predictions, "energy_fake")
    np.testing.assert_allclose(scores, fake - real, atol=1e-6)
    np.testing.assert_allclose(
        probabilities, 1 / (1 + np.exp(-decision["slope"] * (scores - decision["threshold"]))), rtol=1e-9
    )
    head = {"format": 1, "source": "source", "target": "hard", "detector": "ft-res", "strategy": "zero-shot"}
    head |= {"shots": 0, "draws": 1, "seed": 0, "split": "test", "dropped_shared": {"group": 0, "pixels": 0}}
    head |= {"threshold_rule": "balanced (source validation)", "stop_rule": "best val_loss, patience 30"}
    assert {name: stored[name] for name in head} == head
    assert len(stored["per_draw"]) == 1


@pytest.fixture
def overlapping(source: Path, make_domain: Callable[..., Path], pick_stems: Any, tmp_path: Path) -> Path:
    """A domain with split folders whose test holds, beside new photographs, some that `source` was trained on."""
    new = make_domain(tmp_path / "new", "c", seed=3)
    folder = tmp_path / "overlap"
    names = pick_stems("a", {"train": 16, "validation": 4, "test": 6})
    for kind in ("real", "fake"):
        (folder / "test" / kind).mkdir(parents=True)
        for path in sorted((new / kind).glob("*.png"))[:5]:
            shutil.copy(path, folder / "test" / kind)
        # A source photograph of the test split was not seen in training, whatever it is called.
        shutil.copy(source / kind / f"{names['test'][0]}.png", folder / "test" / kind)
    noise = Image.fromarray(np.random.default_rng(4).integers(0, 256, (80, 80, 3), np.uint8))
    noise.save(folder / "test" / "fake" / f"{names['train'][0]}.jpg")  # the same group, other pixels
    noise.save(folder / "test" / "real" / f"{names['validation'][0]}.jpg")
    for i, split in enumerate(["train", "validation", "train"]):  # the same pixels, another file of another name
        Image.open(source / "fake" / f"{names[split][i]}.png").save(folder / "test" / "fake" / f"other{i}.bmp")
    return folder


def test_shared_photographs_are_dropped_and_counted(copied_run: Path, overlapping: Path, rows: Rows) -> None:
    folder, found = evaluated(copied_run, overlapping)
    assert found.dropped_shared == Dropped(group=2, pixels=3)
    assert found.n == Counts(6, 6, 6)
    tested = {row["path"] for row in rows(folder / "predictions.csv")}
    assert tested == {path.relative_to(overlapping).as_posix() for path in overlapping.rglob("*.png")}
    assert "5 shared with the source dropped" in (copied_run / "CARD.md").read_text()


def test_a_domain_of_nothing_else_is_refused(copied_run: Path, source: Path, tmp_path: Path, pick_stems: Any) -> None:
    for kind in ("real", "fake"):
        (tmp_path / "copy" / "test" / kind).mkdir(parents=True)
        for stem in pick_stems("a", {"train": 3})["train"]:
            shutil.copy(source / kind / f"{stem}.png", tmp_path / "copy" / "test" / kind)
    with pytest.raises(
        ft.UserError,
        match="real .*6 ",
        check=lambda error: error.code == "domain-class-missing",
    ):
        ft.evaluate(copied_run, tmp_path / "copy")
    assert [path.name for path in (copied_run / "evaluations").iterdir()] == ["source"]


def test_unreadable_files_are_skipped_and_listed(
    copied_run: Path, make_domain: Callable[..., Path], add_damage: Any, pick_stems: Any, tmp_path: Path, rows: Rows
) -> None:
    domain = make_domain(tmp_path / "damaged", "d", seed=5)
    expected = add_damage(domain, "e")
    in_test = set(pick_stems("e", {"test": 6})["test"])
    expected = {name: reason for name, reason in expected.items() if Path(name).stem in in_test}
    folder, found = evaluated(copied_run, domain)
    assert found.n == Counts(6, 6, 6)
    assert {name for name, _ in found["skipped"]} == set(expected)
    for name, reason in found["skipped"]:
        assert expected[name] in reason and "\n" not in reason
    assert not set(expected) & {row["path"] for row in rows(folder / "predictions.csv")}
    assert read_metrics(folder / "metrics.json").skipped == found.skipped


def test_the_first_domain_is_not_scored_if_the_second_cannot_be(
    copied_run: Path, target: Path, make_domain: Callable[..., Path], pick_stems: Any, tmp_path: Path
) -> None:
    second = make_domain(tmp_path / "second", "f")
    for stem in pick_stems("f", {"train": 16, "validation": 4, "test": 6})["test"]:
        (second / "real" / f"{stem}.png").unlink()
    with pytest.raises(
        ft.UserError,
        match="'second': .*test .*real",
        check=lambda error: error.code == "domain-class-missing",
    ):
        ft.evaluate(copied_run, [target, second])
    assert [path.name for path in (copied_run / "evaluations").iterdir()] == ["source"]


def test_an_evaluation_is_replaced_only_when_told_to(copied_run: Path, target: Path) -> None:
    folder, first = evaluated(copied_run, target)
    before = (folder / "predictions.csv").read_bytes()
    with pytest.raises(ft.UserError, match="--overwrite", check=lambda error: error.code == "path-exists"):
        ft.evaluate(copied_run, target)
    (again,) = ft.evaluate(copied_run, target, overwrite=True)
    assert again == first and (folder / "predictions.csv").read_bytes() == before
    assert RunFolder.open(copied_run).finished, "an evaluation leaves the run whole"


def test_the_same_weights_on_the_same_pixels_are_scored_once(
    trained: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept belongs to the session: another one knows nothing of it, other weights are scored again."""
    from forensictransfer.data.batches import Images
    from forensictransfer.data.domains import open_domain
    from forensictransfer.experiments.session import Session, weights_restored

    run = RunFolder.open(trained)
    images = Images(open_domain(source, data=run.settings.data).split("test"), data=run.settings.data)
    session, options = Session(), run.settings.evaluate
    detector = session.detector(run)
    calls: list[int] = []
    analyse = detector.analyse
    monkeypatch.setattr(detector, "analyse", lambda crops: (calls.append(len(crops)), analyse(crops))[1])
    part = session.scores.analyse(detector, images.subset([2, 0]), options)
    assert calls
    calls.clear()
    np.testing.assert_array_equal(session.scores.analyse(detector, images.subset([0]), options).scores, part.scores[1:])
    assert not calls
    Session().scores.analyse(detector, images.subset([0]), options)
    assert calls
    before = detector.model.get_weights()
    with weights_restored(detector):
        detector.model.set_weights([weight * 1.5 for weight in before])
        other = session.scores.analyse(detector, images.subset([0]), options)
    assert not np.allclose(other.scores, part.scores[1:])
    assert all(map(np.array_equal, detector.model.get_weights(), before))
