"""The pipeline: bad files are listed and not fatal, crops keep their grid, and batches do not depend on threads."""

from __future__ import annotations

import io
import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import AugmentSettings, DataSettings
from forensictransfer.data.batches import Images, epoch_order, training_batch, training_batches
from forensictransfer.data.decode import ImageError, digest
from forensictransfer.data.images import in_order
from forensictransfer.data.records import Record

DATA = DataSettings(crop=32)


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def records(count: int = 7, height: int = 48, width: int = 64) -> list[Record]:
    return [
        Record(f"{i}.png", int(i % 3 == 0), f"g{i // 2}", "train", png(noise(height, width, i))) for i in range(count)
    ]


def test_bad_files_among_good_ones_are_skipped_and_listed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    whole = png(noise(40, 40))
    for name, content in {"a": whole, "b": whole[:-300], "c": b"", "d": b"some words", "f": whole}.items():
        (tmp_path / f"{name}.png").write_bytes(content)
    (tmp_path / "e.png").mkdir()
    (tmp_path / "g.png").symlink_to(tmp_path / "gone.png")
    given_records = [Record(f"{n}.png", i % 2, n, "test", tmp_path / f"{n}.png") for i, n in enumerate("abcdefg")]
    images = Images(given_records, data=DATA, progress="reading faces")
    assert [record.name for record in images.records] == ["a.png", "f.png"]
    assert images.labels.tolist() == [0, 1]
    assert images.labels.dtype == np.int32
    assert images.groups == ["a", "f"]
    assert images.digests == [digest(noise(40, 40))] * 2
    reasons = dict(images.skipped)
    assert list(reasons) == ["b.png", "c.png", "d.png", "e.png", "g.png"]
    assert not any("\n" in reason or str(tmp_path) in reason for reason in reasons.values())
    (said,) = caplog.messages
    assert said.startswith("reading faces: 5 of 7 cannot be read and are left out (b.png: ")


@pytest.mark.parametrize("memory_mb", [0, 4096])
@pytest.mark.parametrize("workers", [1, 5])
def test_images_depend_neither_on_memory_nor_on_threads(memory_mb: int, workers: int) -> None:
    images = Images(records(), data=DataSettings(memory_mb=memory_mb, workers=workers))
    for i, image in enumerate(images):
        np.testing.assert_array_equal(image, noise(48, 64, i))
        assert not image.flags.writeable
    assert len(images) == 7


def test_memory_holds_the_first_images_only() -> None:
    images = Images(records(4, 400, 400), data=DataSettings(memory_mb=1))  # 480 kB each
    assert [images[i] is images[i] for i in range(4)] == [True, True, False, False]


def test_a_subset_shares_what_was_read() -> None:
    images = Images(records(), data=DATA)
    part = images.subset([4, 0])
    assert [record.name for record in part.records] == ["4.png", "0.png"]
    assert part.labels.tolist() == [0, 1]
    assert (part.groups, part.digests) == (["g2", "g0"], [images.digests[4], images.digests[0]])
    assert part[0] is images[4]
    assert len(images) == 7
    assert len(images.subset([])) == 0


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([2, 8, 64]), st.integers(0, 9))
def test_balanced_batches_are_half_real_and_show_everything(real: int, fake: int, batch: int, epoch: int) -> None:
    labels = np.array([0] * real + [1] * fake)
    order = epoch_order(labels, seed=3, epoch=epoch, batch=batch, balance=True)
    assert order.shape == (-(-2 * max(real, fake) // batch), batch)
    assert (labels[order].sum(axis=1) == batch // 2).all()
    counts = np.bincount(order.ravel(), minlength=real + fake)
    for class_counts in (counts[:real], counts[real:]):
        assert class_counts.min() >= 1
        assert class_counts.max() - class_counts.min() <= 1


def test_unbalanced_epochs_are_permutations() -> None:
    labels = np.array([0, 1, 1, 1, 1])
    order = epoch_order(labels, seed=0, epoch=0, batch=2, balance=False).ravel()
    assert sorted(order[:5]) == [0, 1, 2, 3, 4]
    assert order[5] == order[0]
    epochs = {
        tuple(epoch_order(np.ones(9), seed=s, epoch=e, batch=4, balance=False).ravel()) for s in (0, 1) for e in (0, 1)
    }
    assert len(epochs) == 4


def test_orders_that_cannot_be() -> None:
    with pytest.raises(UserError, match="0 real, 3 fake", check=lambda error: error.code == "domain-class-missing"):
        epoch_order(np.ones(3), seed=0, epoch=0, batch=2, balance=True)
    with pytest.raises(UserError, check=lambda error: error.code == "too-few-images"):
        epoch_order(np.ones(0), seed=0, epoch=0, batch=2, balance=False)
    with pytest.raises(ValueError, match="even batch"):
        epoch_order(np.array([0, 1]), seed=0, epoch=0, batch=3, balance=True)
    with pytest.raises(ValueError, match="labels"):
        epoch_order(np.array([0, 2]), seed=0, epoch=0, batch=2, balance=True)


STRONG = AugmentSettings(flip=True, jpeg_probability=0.5)


def batches(images: Images, workers: int, first_epoch: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    endless = training_batches(
        images, crop=32, augment=STRONG, seed=5, batch=4, balance=True, first_epoch=first_epoch, workers=workers
    )
    return list(itertools.islice(endless, 9))


def test_batches_are_the_same_whatever_the_threads_and_after_a_resume() -> None:
    images = Images(records(), data=DATA)  # 4 real, 3 fake: 2 batches an epoch
    alone = batches(images, workers=1)
    labels = images.labels
    steps = len(epoch_order(labels, seed=5, epoch=0, batch=4, balance=True))
    for other in (batches(images, workers=6), batches(Images(records(), data=DataSettings(memory_mb=0)), workers=3)):
        for (crops, classes), (other_crops, other_classes) in zip(alone, other, strict=True):
            np.testing.assert_array_equal(crops, other_crops)
            np.testing.assert_array_equal(classes, other_classes)
    assert alone[0][0].shape == (4, 32, 32, 3)
    assert sorted(alone[0][1].tolist()) == [0, 0, 1, 1]
    resumed = batches(images, workers=2, first_epoch=2)
    np.testing.assert_array_equal(resumed[0][0], alone[2 * steps][0])
    order = epoch_order(labels, seed=5, epoch=1, batch=4, balance=True)
    single, classes = training_batch(images, order[1], crop=32, augment=STRONG, seed=5, epoch=1, step=1)
    np.testing.assert_array_equal(single, alone[steps + 1][0])
    np.testing.assert_array_equal(classes, labels[order[1]])


def test_each_place_of_a_run_has_its_own_random_crop() -> None:
    images = Images(records(1, 512, 512), data=DATA)

    def crops(seed: int, epoch: int, step: int) -> list[np.ndarray]:
        return list(training_batch(images, [0, 0], crop=32, augment=STRONG, seed=seed, epoch=epoch, step=step)[0])

    found = [crop for key in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)) for crop in crops(*key)]
    assert len({digest(crop) for crop in found}) == 8


def test_errors_of_threads_come_out_in_their_place(tmp_path: Path) -> None:
    given_records = [Record(f"{i}", i % 2, "g", "train", tmp_path / f"{i}.png") for i in range(2)]
    for i in range(2):
        (tmp_path / f"{i}.png").write_bytes(png(noise(40, 40)))
    images = Images(given_records, data=DataSettings(memory_mb=0))
    (tmp_path / "1.png").unlink()
    with pytest.raises(ImageError, check=lambda error: error.code == "image-unreadable"):
        batches(images, workers=2)
    results = in_order(lambda n: 6 // n, iter([1, 2, 0, 3]), workers=2)
    assert [next(results), next(results)] == [6, 3]
    with pytest.raises(ZeroDivisionError):
        next(results)
