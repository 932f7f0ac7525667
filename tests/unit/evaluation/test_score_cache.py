"""Images are scored once by the same weights; features of detectors that are fitted at once, whatever they learned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from forensictransfer.core.settings import EvaluateSettings
from forensictransfer.detectors.networks.cooccurrence import Cooccurrence
from forensictransfer.evaluation import score_cache, scoring
from forensictransfer.evaluation.decision import Decision
from forensictransfer.evaluation.score_cache import ScoreCache
from forensictransfer.evaluation.scoring import analyse_images, decided
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


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many images are scored in each call of what the cache scores by, from now on."""
    scored: list[int] = []

    def analyse(detector: Any, images: Any, *args: Any, **options: Any) -> Any:
        scored.append(len(images))
        return analyse_images(detector, images, *args, **options)

    monkeypatch.setattr(score_cache, "analyse_images", analyse)
    return scored


def test_features_serve_every_source_and_energies_are_its_own(images: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, scored = ScoreCache(), counted(monkeypatch)
    for detector in (fitted(0), fitted(1)):
        found, expected = cache.analyse(detector, images, OPTIONS), analyse_images(detector, images, OPTIONS)
        np.testing.assert_array_equal(found.features, expected.features)
        np.testing.assert_allclose(found.energies, expected.energies, rtol=1e-4, atol=1e-4)
    assert scored == [6], "the second source's images were not looked at again"


def test_what_does_not_fit_is_scored_all_the_same(images: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, detector = ScoreCache(), fitted(0)
    expected = analyse_images(detector, images, OPTIONS)
    for most in (3, 5, 6):
        monkeypatch.setattr(score_cache, "_MOST_BYTES", most * 676 * 4)
        for part in ([0, 1, 2], [2, 3, 4, 5], [0, 5], range(6)):
            found = cache.analyse(detector, images.subset(list(part)), OPTIONS)
            np.testing.assert_array_equal(found.features, expected.features[list(part)])


def test_tiles_are_kept_where_they_are_asked_for(images: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, detector = ScoreCache(), fitted(0)
    expected = analyse_images(detector, images, OPTIONS, keep_tiles=True)
    assert expected.tiles is not None and expected.tiles.counts.tolist() == [4] * 6
    means = [tiles.mean(axis=0, dtype=np.float64) for tiles in expected.tiles]
    np.testing.assert_allclose(expected.features, means, rtol=1e-6)
    scored = counted(monkeypatch)
    assert cache.analyse(detector, images.subset([1]), OPTIONS).tiles is None
    for _ in range(2):
        found = cache.analyse(detector, images, OPTIONS, keep_tiles=True)
        assert found.tiles is not None
        np.testing.assert_array_equal(found.tiles.features, expected.tiles.features)
        np.testing.assert_array_equal(found.features, expected.features)
    cache.analyse(detector, images, OPTIONS)
    assert scored == [1, 6], "what was kept without its tiles is looked at again, once"


def test_energies_of_tiles_are_those_of_an_analysis(images: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept with the features, or following from them where these depend on other weights alone."""
    detector = fitted(0)
    expected = analyse_images(detector, images, OPTIONS, keep_tiles=True).tiles
    assert expected is not None and expected.energies.shape == (24, 2)
    for follows in (True, False):
        if not follows:
            monkeypatch.setattr(type(detector), "feature_weights", lambda _: None)
        cache = ScoreCache()
        for _ in range(2):
            found = cache.analyse(detector, images, OPTIONS, keep_tiles=True).tiles
            assert found is not None
            np.testing.assert_allclose(found.energies, expected.energies, rtol=1e-4, atol=1e-4)
            np.testing.assert_array_equal(found.features, expected.features)


def test_a_decision_on_tiles_scores_a_part_of_the_images_at_a_time(
    images: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector, weights = fitted(0), np.random.default_rng(1).normal(size=676)
    found = analyse_images(detector, images, OPTIONS, keep_tiles=True)
    monkeypatch.setattr(scoring, "_MOST_TILE_BYTES", 2 * 676 * 4 * OPTIONS.max_tiles)
    parts: list[int] = []

    def analyse(detector: Any, images: Any, *args: Any, **options: Any) -> Any:
        parts.append(len(images))
        return analyse_images(detector, images, *args, **options)

    for spread, expected_parts in ((0.0, [6]), (2.0, [2, 2, 2])):
        decision = Decision(weights=weights, spread=spread)
        scores, energies, _ = decided(decision, detector, images, OPTIONS, analyse)
        np.testing.assert_allclose(scores, decision.scores(found.energies, found.features, found.tiles), rtol=1e-6)
        np.testing.assert_allclose(energies, found.energies, rtol=1e-6)
        assert parts == expected_parts
        parts.clear()
