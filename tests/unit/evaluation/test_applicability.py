"""What a detector does not apply to is counted by class, with the reasons, and never scored."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from PIL import Image

from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import DataSettings, EvaluateSettings
from forensictransfer.data.exclusion import LeftOut
from forensictransfer.data.images import Images
from forensictransfer.data.records import FAKE, REAL, Record
from forensictransfer.detectors.base import Detector, Evidence, ImageFile
from forensictransfer.detectors.joined import JoinedDetector
from forensictransfer.evaluation.applicability import NotApplied, applied_to, unapplied
from forensictransfer.evaluation.score_cache import ScoreCache

OPTIONS = EvaluateSettings(batch=2)


class Bytes(Detector):
    name = "bytes"
    needs = frozenset({"pixels", "bytes"})
    looked = 0

    def examine(self, images: Sequence[ImageFile]) -> list[Evidence]:
        type(self).looked += len(images)
        return [Evidence(1.0) if one.container.is_jpeg else Evidence.does_not_apply("not a JPEG") for one in images]


class Pixels(Detector):
    name = "pixels"

    def examine(self, images: Sequence[ImageFile]) -> list[Evidence]:
        return [Evidence(float(one.pixels.mean())) for one in images]


def encoded(kind: str, pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()


@pytest.fixture
def images() -> Images:
    """Two reals in JPEG, the second one's pixels again as PNG and as a fake PNG of others."""
    rng = np.random.default_rng(0)
    first, second = (encoded("JPEG", rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)) for _ in range(2))
    again = encoded("PNG", np.asarray(Image.open(io.BytesIO(second)).convert("RGB")))
    fake = encoded("PNG", rng.integers(0, 256, (16, 16, 3), dtype=np.uint8))
    labelled = [(first, REAL), (second, REAL), (again, REAL), (fake, FAKE)]
    records = [Record(f"{i}", label, f"{i}", "test", source) for i, (source, label) in enumerate(labelled)]
    return Images(records, data=DataSettings())


def test_counts_by_class_and_reason(images: Images) -> None:
    found = NotApplied.of(images, {2: "not a JPEG", 3: "too small"})
    assert found == NotApplied(LeftOut(1, 3, 1, 1), (("not a JPEG", 1), ("too small", 1)))
    assert found.images == 2 and found.why == "not a JPEG: 1; too small: 1"
    assert found.line("x") == (
        "'x' does not apply to 1 of 1 fakes and 1 of 3 reals (not a JPEG: 1; too small: 1): "
        "the numbers are of the others"
    )
    assert NotApplied.of(images, {}) is None
    assert NotApplied.total([found, found]).by_class == LeftOut(2, 6, 2, 2)
    assert NotApplied.total([found, found]).reasons == (("not a JPEG", 2), ("too small", 2))


def test_warns_where_it_tells_the_classes_apart() -> None:
    def warning(*counts: int) -> str | None:
        return NotApplied(LeftOut(*counts), (("not a JPEG", 1),)).warning("x")

    assert warning(10, 20, 10, 20) is None
    assert "tells the classes apart by itself" in str(warning(0, 20, 10, 20))


def test_a_class_that_is_lost_is_an_error(images: Images) -> None:
    silences = {2: "not a JPEG", 3: "not a JPEG"}
    kept, lost = applied_to(images, silences), NotApplied.of(images, silences)
    assert [record.name for record in kept.records] == ["0", "1"]
    error = unapplied(kept, lost, "x", "shots")
    assert error is not None and error.code == "detector-not-applicable"
    assert str(error).startswith("shots: 'x' applies to no fake image")
    assert unapplied(images, None, "x", "shots") is None


def test_two_files_of_the_same_pixels_are_asked_apart_and_once(images: Images, monkeypatch: Any) -> None:
    monkeypatch.setattr(Bytes, "looked", 0)
    assert images.digests[1] == images.digests[2]
    cache, detector = ScoreCache(), Bytes()
    assert cache.silences(detector, images, OPTIONS) == {2: "not a JPEG", 3: "not a JPEG"}
    found = cache.analyse(detector, images.subset([0, 1]), OPTIONS)
    np.testing.assert_array_equal(found.energies, [[-0.5, 0.5]] * 2)
    np.testing.assert_array_equal(found.features, [[1.0]] * 2)
    assert Bytes.looked == 4
    with pytest.raises(UserError, match="^2: 'bytes' does not apply to it: not a JPEG"):
        cache.analyse(detector, images, OPTIONS)


def test_of_several_detectors_one_that_is_silent_is_enough(images: Images) -> None:
    joined = JoinedDetector([Pixels(), Bytes()])
    assert ScoreCache().silences(joined, images, OPTIONS) == dict.fromkeys((2, 3), "bytes: not a JPEG")
    assert ScoreCache().silences(Pixels(), images, OPTIONS) == {}
