"""Images are scored once by the same weights; features of detectors that are fitted at once, whatever they learned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from forensictransfer.core.settings import EvaluateSettings
from forensictransfer.detectors.networks.cooccurrence import Cooccurrence
from forensictransfer.evaluation import scoring
from forensictransfer.evaluation.scoring import ScoreCache, analyse_images
from forensictransfer.testing.toys import in_memory

OPTIONS = EvaluateSettings(stride=16, batch=4)


@pytest.fixture
def images() -> Any:
    rng = np.random.default_rng(0)
    return in_memory(list(rng.integers(0, 256, (6, 40, 48, 3), dtype=np.uint8)), [0, 1] * 3)


def fitted(seed: int) -> Cooccurrence:
    detector = Cooccurrence.create(32)
    rng = np.random.default_rng(seed)
    detector.fit_features(rng.normal(size=(8, 676)), np.tile([0, 1], 4))
    assert isinstance(detector, Cooccurrence)
    return detector


def test_features_serve_every_source_and_energies_are_its_own(images: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, scored = ScoreCache(), []
    monkeypatch.setattr(scoring, "analyse_images", lambda *a, **b: scored.append(len(a[1])) or analyse_images(*a, **b))
    for detector in (fitted(0), fitted(1)):
        found, expected = cache.analyse(detector, images, OPTIONS), analyse_images(detector, images, OPTIONS)
        np.testing.assert_array_equal(found.features, expected.features)
        np.testing.assert_allclose(found.energies, expected.energies, rtol=1e-4, atol=1e-4)
    assert scored == [6], "the second source's images were not looked at again"


def test_what_does_not_fit_is_scored_all_the_same(images: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, detector = ScoreCache(), fitted(0)
    expected = analyse_images(detector, images, OPTIONS)
    for most in (3, 5, 6):
        monkeypatch.setattr(scoring, "_MOST_BYTES", most * 676 * 4)
        for part in ([0, 1, 2], [2, 3, 4, 5], [0, 5], range(6)):
            found = cache.analyse(detector, images.subset(list(part)), OPTIONS)
            np.testing.assert_array_equal(found.features, expected.features[list(part)])
