"""A run keeps the features of its source in half precision where its detector says so, and reads them in single."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import forensictransfer as ft
from forensictransfer.detectors.networks.gan_fingerprint import GanFingerprint
from forensictransfer.experiments.parents import Parents
from forensictransfer.results.runs import RunFolder
from tests.generators import save


def test_features_are_kept_in_half_precision(tmp_path: Path) -> None:
    """What is read again gives the fingerprint that was fitted to them before they were rounded."""
    assert GanFingerprint.half_features
    for number, name in enumerate(("real", "fake")):
        for place, split in enumerate(("train", "validation", "test")):
            begin = 100 * number + 20 * place
            save(tmp_path / "source" / split / name, number or None, range(begin, begin + 6), side=32)
    out = ft.train(tmp_path / "source", tmp_path / "run", "gan_fingerprint", settings={"data.crop": 32})
    with np.load(out / "source_features.npz") as stored:
        assert stored["features"].dtype == np.float16
    (known,) = Parents((RunFolder.open(out),)).knowledge()
    assert known.features.dtype == np.float32
    means = [known.features[known.labels == label].mean(axis=0) for label in (0, 1)]
    kernel = ft.load_model(out).get_layer("logit").kernel.numpy()[:, 0]
    assert (means[1] - means[0]) / 32**2 == pytest.approx(kernel, rel=1e-3, abs=1e-3 * float(np.abs(kernel).max()))
