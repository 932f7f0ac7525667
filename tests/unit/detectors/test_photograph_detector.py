"""What detectors that learn from photographs alone share: models of a file, and graphs that go with their model."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import load_settings
from forensictransfer.detectors.networks.exif_consistency.detector import ExifConsistency
from forensictransfer.detectors.networks.noiseprint.detector import Noiseprint
from forensictransfer.detectors.networks.noiseprint.network import residual_network
from forensictransfer.detectors.photograph_detector import PhotographDetector
from tests.traces import picture


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (Noiseprint, {"data.crop": 48, "train.layers": 3, "train.filters": 4, "train.batch": 8}),
        (ExifConsistency, {"data.crop": 32, "train.batch": 16}),
    ],
)
def test_a_file_that_is_no_such_model_is_refused(
    kind: type[PhotographDetector], options: dict[str, object], tmp_path: Path
) -> None:
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]).save(tmp_path / "other.keras")
    keras.Sequential([keras.layers.Dense(2)]).save(tmp_path / "unbuilt.keras")
    for name in ("broken.keras", "plain.h5", "broken.weights.h5"):
        (tmp_path / name).write_bytes(b"no model")
    settings = load_settings(None, {"detector": kind.name, **options})
    for file in tmp_path.iterdir():
        with pytest.raises(UserError, match=file.name, check=lambda error: error.code == "weights-unsuitable"):
            kind.create_from(settings, file)


def test_graphs_of_the_model_before_are_dropped(tmp_path: Path) -> None:
    pixels = picture(64, 70)
    keras.utils.set_random_seed(0)
    first, second = (Noiseprint(residual_network(3, filters)) for filters in (4, 5))
    expected = second.noiseprint(pixels)
    assert np.abs(first.noiseprint(pixels) - expected).max() > 1e-4
    second.save(str(tmp_path / "second.keras"))
    first.load_pretrained(tmp_path / "second.keras")
    np.testing.assert_allclose(first.noiseprint(pixels), expected, atol=1e-6)
