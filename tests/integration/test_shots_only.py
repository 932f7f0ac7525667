"""What the shots alone reach, measured beside an adaptation: by the same shots, on the same test images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import forensictransfer as ft
from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import AdaptSettings, DataSettings, EvaluateSettings
from forensictransfer.data.domains import open_domain
from forensictransfer.data.images import Images
from forensictransfer.detectors import registry
from forensictransfer.detectors.loading import trainable_class
from forensictransfer.evaluation.scoring import decided
from forensictransfer.experiments.descriptors import CROP, DESCRIPTOR
from forensictransfer.experiments.session import Session
from forensictransfer.experiments.strategies.shots_alone import fit_shots

ROOT = Path(__file__).resolve().parents[2]
Rows = Callable[[Path], list[dict[str, str]]]


@pytest.fixture(scope="module")
def run(source: Path, quick: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A run of a detector of the user's own, which has no model. Not to be changed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "_ADDED", {})
        patch.syspath_prepend(str(ROOT / "tests"))
        ft.register_detector("laplacian", "toy_detector:Laplacian", "how little detail there is", trains="none")
        yield ft.train(source, tmp_path_factory.mktemp("alone") / "run", "laplacian", settings=quick)


def test_the_shots_are_those_of_the_draws_and_the_test_is_the_runs(
    run: Path, target: Path, rows: Rows, tmp_path: Path
) -> None:
    out = ft.adapt(run, target, tmp_path / "out", strategy="head", settings={"adapt.shots_only": True})
    tested = rows(out / "evaluations" / "target" / "predictions.csv")
    found = rows(out / "shots_only" / "predictions.csv")
    assert [(row["draw"], row["path"]) for row in found] == [(row["draw"], row["path"]) for row in tested]
    session, data = Session(), DataSettings()
    records = {record.name: record for record in open_domain(target, data=data).records}
    for draw in ("0", "1"):
        shots, test = (
            Images([records[row["path"]] for row in table], data=data)
            for table in (rows(out / "draws" / draw / "shots.csv"), [row for row in found if row["draw"] == draw])
        )
        describer, analyse, scoring = session.describer()
        known = analyse(describer, shots, scoring, keep_tiles=True)
        decision = fit_shots(known, shots.labels, shots.groups, AdaptSettings()).decision
        scores = decided(decision, describer, test, scoring, analyse).scores
        was = [float(row["score"]) for row in found if row["draw"] == draw]
        np.testing.assert_allclose(was, scores, rtol=1e-5, atol=1e-5)
    text = ft.show(out)
    assert "shots only" in text and "On target the run gains" in text


def test_a_run_of_the_descriptor_itself_lends_its_features(target: Path) -> None:
    """At the usual crop and stride they are the same ones; at others they are computed."""
    data, session = DataSettings(), Session()
    images = Images(open_domain(target, data=data).split("validation"), data=data)
    run = trainable_class(DESCRIPTOR).create(CROP)

    def described(*of: Any) -> np.ndarray:
        describer, analyse, scoring = session.describer(*of)
        return analyse(describer, images, scoring).features

    expected = described()
    np.testing.assert_array_equal(described(run, EvaluateSettings(stride=32)), expected)
    assert session.describer(run, EvaluateSettings(stride=32))[0] is not run
    assert session.describer(run, EvaluateSettings())[0] is run
    np.testing.assert_array_equal(described(run, EvaluateSettings()), expected)
    fewer: Any = SimpleNamespace(name=DESCRIPTOR, crop=CROP, architecture="of fewer layers")
    assert session.describer(fewer, EvaluateSettings())[0] is not fewer, "of an earlier version"


def test_it_can_be_left_out(run: Path, target: Path, tmp_path: Path) -> None:
    out = ft.adapt(run, target, tmp_path / "out", strategy="threshold", settings={"adapt.shots_only": False})
    assert not (out / "shots_only").exists() and "shots only" not in ft.show(out)


def test_a_result_that_was_edited_is_found(run: Path, target: Path, tmp_path: Path) -> None:
    out = ft.adapt(run, target, tmp_path / "out", strategy="threshold", shots=1, settings={"adapt.shots_only": True})
    path = out / "shots_only" / "metrics.json"
    path.write_text(path.read_text().replace("nearest", "farthest"))
    with pytest.raises(UserError, match=r"shots_only/metrics\.json.*was changed"):
        ft.table(out)
