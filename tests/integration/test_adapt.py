"""Adaptation: where the shots come from, what each strategy leaves behind, and what it costs on the source."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import forensictransfer as ft
from forensictransfer.data.counts import Counts
from forensictransfer.data.domains import Domain, open_domain
from forensictransfer.evaluation import metrics
from forensictransfer.evaluation.decision import Decision
from forensictransfer.experiments.strategies import STRATEGIES
from forensictransfer.results.formats.decision import DecisionFile
from forensictransfer.results.formats.document import read_document
from forensictransfer.results.formats.metrics import DrawMetrics, Dropped
from forensictransfer.results.runs import RunFolder

Rows = Callable[[Path], list[dict[str, str]]]
DRAWS = 2
EACH = sorted(STRATEGIES)
CHANGING = ("finetune", "tuned")  # the weights; with one shot nothing can be held out, and tuned is fine-tuning


@pytest.fixture(scope="module")
def adapted(trained: Path, target: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], RunFolder]:
    """The run adapted to the target with one shot per class, by strategy; each is made once. Not to be changed."""
    made: dict[str, RunFolder] = {}

    def run(strategy: str) -> RunFolder:
        if strategy not in made:
            out = tmp_path_factory.mktemp("adapted") / strategy
            made[strategy] = RunFolder.open(ft.adapt(trained, target, out, shots=1, strategy=strategy, draws=DRAWS))
        return made[strategy]

    return run


def opened(folder: Path, run: RunFolder) -> Domain:
    return open_domain(folder, data=run.settings.data)


def names(rows: list[dict[str, str]]) -> set[str]:
    return {row["path"] for row in rows}


def column(rows: list[dict[str, str]], name: str) -> np.ndarray:
    return np.array([float(row[name]) for row in rows])


@pytest.mark.parametrize("strategy", EACH)
def test_one_shot_of_each_class_is_enough(adapted: Callable[[str], RunFolder], target: Path, strategy: str) -> None:
    run = adapted(strategy)
    assert (run.kind, run.info["strategy"], run.info["shots"], run.info["draws"]) == ("adapt", strategy, 1, DRAWS)
    assert run.info["target"]["name"] == "target" and run.info["source"]["name"] == "source"
    assert [folder.name for folder in run.draws()] == ["0", "1"]
    (found,) = (one for one in run.evaluations() if one["target"] == "target")
    assert found["shots"] == 1 and found["strategy"] == strategy and len(found["per_draw"]) == DRAWS
    assert found["metrics"]["auc"]["value"] > 0.5
    assert found.n == Counts(6, 6, 6)


@pytest.mark.parametrize("strategy", EACH)
def test_shots_are_of_the_train_split_and_the_test_never_sees_them(
    adapted: Callable[[str], RunFolder], target: Path, rows: Rows, strategy: str
) -> None:
    run = adapted(strategy)
    domain = opened(target, run)
    train, test = ({record.name: record for record in domain.split(split)} for split in ("train", "test"))
    drawn = [rows(folder / "shots.csv") for folder in run.draws()]
    for shots in drawn:
        assert names(shots) <= set(train)
        assert sorted(row["label"] for row in shots) == ["0", "1"]
        assert all(row["group"] == train[row["path"]].group for row in shots)
    assert names(drawn[0]) != names(drawn[1])
    predictions = rows(run.path / "evaluations" / "target" / "predictions.csv")
    assert names(predictions) == set(test)
    seen = json.loads((run.path / "data.json").read_text())["seen"]
    assert {row["group"] for shots in drawn for row in shots} <= set(seen["groups"])
    assert not {record.group for record in test.values()} & set(seen["groups"])


@pytest.mark.parametrize("strategy", EACH)
def test_the_source_is_tested_before_and_after(
    adapted: Callable[[str], RunFolder], trained: Path, rows: Rows, strategy: str
) -> None:
    before, after = (
        rows(path / "evaluations" / "source" / "predictions.csv") for path in (trained, adapted(strategy).path)
    )
    assert names(before) == names(after)
    assert len(after) == DRAWS * len(before)
    # What no gradient has touched gives the energies that it gave before.
    if strategy not in CHANGING:
        for name in ("energy_real", "energy_fake"):
            np.testing.assert_allclose(column(after, name), np.tile(column(before, name), DRAWS), atol=1e-6)


@pytest.mark.parametrize("strategy", EACH)
def test_weights_are_stored_where_they_changed(
    adapted: Callable[[str], RunFolder], trained: Path, strategy: str
) -> None:
    from forensictransfer.experiments.session import Session

    run = adapted(strategy)
    base = Session().detector(RunFolder.open(trained)).model.get_weights()
    detector = Session().detector(run)
    assert all(np.array_equal(a, b) for a, b in zip(detector.model.get_weights(), base, strict=True))
    stored = [folder / "model.keras" for folder in run.draws()]
    assert [path.exists() for path in stored] == [strategy in CHANGING] * DRAWS
    changed = []
    for path in filter(Path.exists, stored):
        detector.model.load_weights(path)
        changed.append(detector.model.get_weights())
        assert not all(np.array_equal(a, b) for a, b in zip(changed[-1], base, strict=True))
    if changed:
        assert not all(np.array_equal(a, b) for a, b in zip(*changed, strict=True)), "each draw has weights of its own"


@pytest.mark.parametrize("strategy", EACH)
def test_what_is_stored_gives_the_predictions_again(
    adapted: Callable[[str], RunFolder], target: Path, rows: Rows, strategy: str
) -> None:
    from forensictransfer.data.images import Images
    from forensictransfer.evaluation.scoring import analyse_images
    from forensictransfer.experiments.session import Session

    run = adapted(strategy)
    images = Images(opened(target, run).split("test"), data=run.settings.data)
    detector = Session().detector(run)
    predictions = rows(run.path / "evaluations" / "target" / "predictions.csv")
    for draw, folder in enumerate(run.draws()):
        if (folder / "model.keras").exists():
            detector.model.load_weights(folder / "model.keras")
        found = analyse_images(detector, images, run.settings.evaluate)
        decision = read_document(folder / "decision.json", DecisionFile).decision()
        assert (decision.rule, decision.chosen_on) == (run.settings.adapt.threshold, "shots")
        scores = decision.scores(found.energies, found.features)
        of_draw = [row for row in predictions if row["draw"] == str(draw)]
        assert [row["path"] for row in of_draw] == [record.name for record in images.records]
        np.testing.assert_allclose(column(of_draw, "score"), scores, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(column(of_draw, "probability"), decision.probabilities(scores), atol=1e-4)


@pytest.mark.parametrize("strategy", EACH)
def test_metrics_are_those_of_the_predictions(adapted: Callable[[str], RunFolder], rows: Rows, strategy: str) -> None:
    run = adapted(strategy)
    for stored in run.evaluations():
        predictions = rows(run.path / "evaluations" / stored["target"] / "predictions.csv")
        draws = []
        for draw in range(DRAWS):
            of_draw = [row for row in predictions if row["draw"] == str(draw)]
            draws.append(
                metrics.ScoredImages(
                    draw=draw,
                    labels=column(of_draw, "label"),
                    scores=column(of_draw, "score"),
                    probabilities=column(of_draw, "probability"),
                    groups=[row["group"] for row in of_draw],
                    names=[row["path"] for row in of_draw],
                    threshold=run.read(f"draws/{draw}/decision.json", DecisionFile).threshold,
                )
            )
        expected = metrics.summarise_draws(draws, resamples=50)
        assert (stored.n, stored.metrics) == (expected.n, expected.metrics)
        assert stored.per_draw == tuple(DrawMetrics.of(one) for one in expected.per_draw)


@pytest.fixture(scope="module")
def tuned(trained: Path, target: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Fine-tuned with three shots of each class, in more steps. Not to be changed."""
    out = tmp_path_factory.mktemp("tuned") / "tuned"
    return RunFolder.open(ft.adapt(trained, target, out, strategy="finetune", draws=1, settings={"adapt.steps": 20}))


def test_fine_tuning_lowers_the_loss_on_the_shots(tuned: RunFolder, trained: Path, target: Path, rows: Rows) -> None:
    from forensictransfer.data.images import Images
    from forensictransfer.evaluation.scoring import analyse_images
    from forensictransfer.experiments.session import Session

    shots_of = {row["path"]: int(row["label"]) for row in rows(tuned.path / "draws" / "0" / "shots.csv")}
    assert sorted(shots_of.values()) == [0, 0, 0, 1, 1, 1]
    records = [record for record in opened(target, tuned).records if record.name in shots_of]
    images = Images(records, data=tuned.settings.data)
    labels = images.labels.astype(np.float32)

    def loss(detector: Any) -> float:
        """|a_1 - y| + |a_0 - (1 - y)|, the mean over the shots."""
        energies = analyse_images(detector, images, tuned.settings.evaluate).energies
        return float((np.abs(energies[:, 1] - labels) + np.abs(energies[:, 0] - (1 - labels))).mean())

    detector = Session().detector(RunFolder.open(trained))
    before = loss(detector)
    detector.model.load_weights(tuned.path / "draws" / "0" / "model.keras")
    assert loss(detector) < 0.8 * before
    steps = rows(tuned.path / "draws" / "0" / "history.csv")
    losses = column(steps, "loss")
    assert len(steps) <= 20 and losses[-3:].mean() < losses[:3].mean()


def test_inference_agrees_with_training_after_fine_tuning_too(tuned: RunFolder, target: Path) -> None:
    """The batch-norm trap again: the stored statistics are those of the shots under the new weights."""
    from forensictransfer.data.images import Images
    from forensictransfer.experiments.fit import validation_crops
    from forensictransfer.experiments.session import Session

    images = Images(opened(target, tuned).split("test"), data=tuned.settings.data)
    crops, labels = validation_crops(images, 64)
    detector = Session().detector(tuned)
    detector.model.load_weights(tuned.path / "draws" / "0" / "model.keras")
    inferred = detector.analyse(crops).scores
    energies = detector.trainer(detector.fit_batch(crops, labels)[0], training=True)["energies"].numpy()
    in_training = energies[:, 1] - energies[:, 0]
    assert np.mean((inferred > 0) == (in_training > 0)) > 0.95
    assert np.abs(inferred - in_training).max() < 0.25 * np.ptp(inferred)


def test_an_adaptation_that_diverged_is_one_clear_line(
    trained: Path, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from forensictransfer.experiments import adapt as adaptation
    from forensictransfer.experiments.strategies.base import Adapted

    def diverge(task: Any) -> Adapted:
        task.detector.model.set_weights([value * np.nan for value in task.detector.model.get_weights()])
        return Adapted(Decision(), changed=True)

    monkeypatch.setattr(adaptation, "strategy", lambda _: diverge)
    with pytest.raises(
        ft.UserError, match="draw 0: .*--adapt.learning_rate", check=lambda error: error.code == "training-diverged"
    ):
        ft.adapt(trained, target, tmp_path / "out", shots=1, draws=1)
    assert not list(tmp_path.iterdir())


def test_a_seed_decides_the_shots_and_the_result(
    trained: Path, target: Path, tuned: RunFolder, rows: Rows, tmp_path: Path
) -> None:
    settings = {"adapt.steps": 20}
    again = ft.adapt(trained, target, tmp_path / "again", strategy="finetune", draws=1, settings=settings)
    for name in ("draws/0/shots.csv", "draws/0/decision.json", "evaluations/target/predictions.csv"):
        assert (again / name).read_bytes() == (tuned.path / name).read_bytes()
    settings["seed"] = 1
    other = ft.adapt(trained, target, tmp_path / "other", strategy="threshold", draws=1, settings=settings)
    assert names(rows(other / "draws/0/shots.csv")) != names(rows(again / "draws/0/shots.csv"))


def test_every_draw_begins_with_the_trained_weights(
    trained: Path, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from forensictransfer.experiments import adapt as adaptation
    from forensictransfer.experiments.session import Session
    from forensictransfer.experiments.strategies.base import Adapted

    base = Session().detector(RunFolder.open(trained)).model.get_weights()
    began: list[bool] = []

    def spoil(task: Any) -> Adapted:
        weights = task.detector.model.get_weights()
        began.append(all(np.array_equal(a, b) for a, b in zip(weights, base, strict=True)))
        task.detector.model.set_weights([value + 0.01 for value in weights])
        return Adapted(Decision(), changed=True)

    monkeypatch.setattr(adaptation, "strategy", lambda _: spoil)
    run = RunFolder.open(ft.adapt(trained, target, tmp_path / "out", shots=1, draws=2))
    assert began == [True, True]
    unchanged = Session().detector(run).model.get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(unchanged, base, strict=True))


def test_a_shot_that_cannot_be_read_is_replaced(
    trained: Path, target: Path, make_domain: Callable[..., Path], rows: Rows, tmp_path: Path
) -> None:
    """All reals of the train split but two are damaged: whatever is drawn, these two must come out."""
    damaged = make_domain(tmp_path / "damaged", "g", seed=6)
    run = RunFolder.open(trained)
    reals = [record.name for record in opened(damaged, run).split("train") if record.label == 0]
    for name in reals[2:]:
        (damaged / name).write_bytes((damaged / name).read_bytes()[:500])
    out = ft.adapt(trained, damaged, tmp_path / "out", shots=2, strategy="threshold", draws=3)
    for draw in range(3):
        shots = rows(out / "draws" / str(draw) / "shots.csv")
        assert {row["path"] for row in shots if row["label"] == "0"} == set(reals[:2])
        assert sum(row["label"] == "1" for row in shots) == 2
    with pytest.raises(
        ft.UserError, match="'damaged' .*2 real .*3 shots", check=lambda error: error.code == "too-few-images"
    ):
        ft.adapt(trained, damaged, tmp_path / "more", shots=3, strategy="threshold", draws=1)
    assert not (tmp_path / "more").exists()


def test_a_test_photograph_that_was_a_shot_is_dropped(
    trained: Path, make_domain: Callable[..., Path], pick_stems: Any, tmp_path: Path
) -> None:
    """The target's test split holds copies of its shots under other names."""
    new = make_domain(tmp_path / "new", "h", seed=7)
    stems = pick_stems("h", {"train": 16, "validation": 4, "test": 6})
    copies = tmp_path / "copies"
    for kind in ("real", "fake"):
        for split, chosen in (("train", stems["train"][:2]), ("test", stems["test"])):
            (copies / split / kind).mkdir(parents=True)
            for stem in chosen:
                shutil.copy(new / kind / f"{stem}.png", copies / split / kind)
        for stem in stems["train"][:2]:
            shutil.copy(new / kind / f"{stem}.png", copies / "test" / kind / f"copy-{stem}.png")
    out = ft.adapt(trained, copies, tmp_path / "out", shots=2, strategy="prototype", draws=1)
    (found,) = (one for one in RunFolder.open(out).evaluations() if one["target"] == "copies")
    assert found.dropped_shared == Dropped(group=0, pixels=4)
    assert found.n == Counts(6, 6, 6)


# A source that is no longer what it was


def moved(run: Path, **source: Any) -> Path:
    """The run, made to believe that its source is elsewhere."""
    opened_run = RunFolder.open(run)
    changed = opened_run.info.source.model_copy(update=source)
    opened_run.write("run.json", opened_run.info.model_copy(update={"source": changed}))
    opened_run.finish()
    return run


def test_a_source_that_is_gone_is_one_clear_line(copied_run: Path, target: Path, tmp_path: Path) -> None:
    run = moved(copied_run, origin=str(tmp_path / "gone"))
    with pytest.raises(
        ft.UserError, match="copied: .*gone: ", check=lambda error: error.code == "path-missing"
    ) as caught:
        ft.adapt(run, target, tmp_path / "out", strategy="threshold")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_source_that_changed_is_one_clear_line(copied_run: Path, source: Path, target: Path, tmp_path: Path) -> None:
    elsewhere = Path(shutil.copytree(source, tmp_path / "elsewhere" / "source"))
    run = moved(copied_run, origin=str(elsewhere))
    next((elsewhere / "real").iterdir()).unlink()
    with pytest.raises(ft.UserError, check=lambda error: error.code == "inputs-changed") as caught:
        ft.adapt(run, target, tmp_path / "out", strategy="threshold")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_target_without_a_test_is_refused_before_any_step(
    trained: Path, make_domain: Callable[..., Path], pick_stems: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from forensictransfer.experiments import adapt as adaptation

    folder = make_domain(tmp_path / "half", "i", seed=8)
    for stem in pick_stems("i", {"train": 16, "validation": 4, "test": 6})["test"]:
        (folder / "fake" / f"{stem}.png").unlink()
    monkeypatch.setattr(adaptation.Session, "detector", lambda *_: pytest.fail("began"))
    with pytest.raises(
        ft.UserError,
        match="'half': .*test .*fake",
        check=lambda error: error.code == "domain-class-missing",
    ):
        ft.adapt(trained, folder, tmp_path / "out", strategy="finetune")
    assert not (tmp_path / "out").exists()


def test_what_tiles_differ_by_is_scored_alike_by_adapt_evaluate_and_examine(
    trained: Path, target: Path, rows: Rows, tmp_path: Path
) -> None:
    from forensictransfer.data.image_file import ImageFile
    from forensictransfer.detectors.trainable import as_trainable
    from forensictransfer.experiments.session import Session
    from forensictransfer.results.draws import decided_draws

    settings = {"adapt.pooling": "spread", "adapt.draws": 1}
    out = ft.adapt(trained, target, tmp_path / "spread", strategy="head", settings=settings)
    first = rows(out / "evaluations" / "target" / "predictions.csv")
    mean = ft.adapt(trained, target, tmp_path / "mean", strategy="head", settings={**settings, "adapt.pooling": "mean"})
    scores = {row["path"]: float(row["score"]) for row in first}
    by_mean = {row["path"]: float(row["score"]) for row in rows(mean / "evaluations" / "target" / "predictions.csv")}
    assert all(scores[path] > by_mean[path] for path in scores), "the spread is added"
    ft.evaluate(out, target, overwrite=True)
    assert rows(out / "evaluations" / "target" / "predictions.csv") == first
    run = RunFolder.open(out)
    decision = next(decided_draws(run))[1]
    assert decision.spread == 2.0
    told = "in 1 of 1 draws their mean and 2 standard deviations of their scores"
    assert told in ft.show(out) and told in (out / "CARD.md").read_text()
    assert "standard deviations" not in ft.show(mean) + (mean / "CARD.md").read_text()
    record = next(one for one in open_domain(target, data=run.settings.data).records if one.name == first[0]["path"])
    detector = as_trainable(Session().detector(run))
    evidence = detector.examine([ImageFile.of_record(record)], decision=decision, options=run.settings.evaluate)[0]
    assert evidence.score == pytest.approx(scores[record.name], rel=1e-4)
