"""The network of a run as a Keras model that takes crops alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import forensictransfer as ft
from forensictransfer.core.errors import UserError


def test_a_model_of_crops_alone(trained: Path, target: Path, quick: dict[str, Any], tmp_path: Path) -> None:
    """`ft-res` is trained with a label input; its inference model does without, and is saved and loaded as any is."""
    import keras

    from forensictransfer.inference.finished import finished_detector
    from forensictransfer.results.runs import RunFolder

    crops = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), np.uint8)
    model = ft.load_model(trained)
    said = model.predict(crops, verbose=0)
    detector, decision = finished_detector(RunFolder.open(trained))
    expected = detector.analyse(crops)
    assert said["score"].shape == (5,) and said["energies"].shape == (5, 2) and said["features"].ndim == 2
    np.testing.assert_allclose(said["energies"], expected.energies, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(said["score"], expected.scores, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(said["features"], expected.features, rtol=1e-4, atol=1e-4)
    assert decision.rule != "zero" or decision.threshold == 0
    model.save(tmp_path / "inference.keras")
    again = keras.models.load_model(tmp_path / "inference.keras")
    np.testing.assert_array_equal(again.predict(crops, verbose=0)["score"], said["score"])

    adapted = ft.adapt(trained, target, tmp_path / "adapted", shots=3, settings=quick)
    scores = [ft.load_model(adapted, draw).predict(crops, verbose=0)["score"] for draw in (0, 1)]
    assert not np.allclose(scores[0], scores[1]) and not np.allclose(scores[0], said["score"])
    with pytest.raises(UserError, match="0 to 1, .*2", check=lambda error: error.code == "run-unsuitable"):
        ft.load_model(adapted, 2)


def test_a_detector_that_learns_nothing_has_no_model(
    source: Path, quick: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from forensictransfer.detectors import registry

    monkeypatch.setattr(registry, "_ADDED", {})
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[1]))
    ft.register_detector("laplacian", "toy_detector:Laplacian")
    run = ft.train(source, tmp_path / "run", "laplacian", settings=quick)
    with pytest.raises(UserError, match="'laplacian'", check=lambda error: error.code == "detector-unsuitable"):
        ft.load_model(run)
