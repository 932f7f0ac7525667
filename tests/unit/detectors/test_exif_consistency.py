"""EXIF self-consistency: pairs and their loss by hand, attributes and histories, what a matrix of pairs tells."""

from __future__ import annotations

import io
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from forensictransfer.core.settings import DataSettings, Settings, load_settings
from forensictransfer.data.cameras.photographs import CameraPhotographs
from forensictransfer.data.images import Images
from forensictransfer.data.records import REAL, Record
from forensictransfer.detectors.layers import PairLogits
from forensictransfer.detectors.networks.exif_consistency.answers import Answers
from forensictransfer.detectors.networks.exif_consistency.attributes import codes, learnable, told
from forensictransfer.detectors.networks.exif_consistency.batches import draw_batch, draw_pair
from forensictransfer.detectors.networks.exif_consistency.consistency import consensus, normalised_cut
from forensictransfer.detectors.networks.exif_consistency.detector import ExifConsistency
from forensictransfer.detectors.networks.exif_consistency.histories import MADE, QUALITIES, SCALES, History
from forensictransfer.detectors.networks.exif_consistency.network import (
    UNKNOWN,
    balanced_accuracy,
    balanced_loss,
    pair_network,
)
from forensictransfer.detectors.networks.exif_consistency.patches import MOST_PATCHES, between, grid
from forensictransfer.testing.toys import as_files
from tests.traces import picture

SMALL = {"detector": "exif_consistency", "data.crop": 32, "train.batch": 16}


def test_the_logit_of_a_pair_by_hand() -> None:
    layer = PairLogits(["a", "b"], hidden=2)
    layer.build((None, 2))
    layer.of_sum.assign([[1.0, 0.0], [0.0, 0.0]])
    layer.of_difference.assign([[0.0, 1.0], [0.0, 2.0]])
    layer.hidden_bias.assign([0.5, -1.0])
    layer.kernel.assign([[1.0, 0.0], [-1.0, 3.0]])
    layer.bias.assign([0.0, 0.25])
    found = layer(tf.constant([[1.0, 0.0], [2.0, 3.0]])).numpy()
    # of the two: hidden 1 + 2 + 0.5 = 3.5 and |1| + 2 |3| - 1 = 6; of the first with itself: 2.5 and 0
    np.testing.assert_allclose(found[0, 1], [3.5 - 6, 3 * 6 + 0.25])
    np.testing.assert_allclose(found[0, 0], [2.5, 0.25])
    np.testing.assert_allclose(found[1, 0], found[0, 1])


def test_a_consistency_weighs_the_attributes_by_their_shares() -> None:
    keras.utils.set_random_seed(3)
    layer = PairLogits(["a", "b", "c"])
    features = tf.constant(np.random.default_rng(0).normal(size=(70, 5)).astype(np.float32))
    probabilities = tf.sigmoid(layer(features)).numpy()
    np.testing.assert_allclose(layer.consistency(features), probabilities.mean(axis=-1), atol=1e-6)
    layer.shares.assign([0.0, 1.0, 3.0])
    expected = (probabilities[..., 1] + 3 * probabilities[..., 2]) / 4
    np.testing.assert_allclose(layer.consistency(features), expected, atol=1e-6)
    again = PairLogits.from_config(layer.get_config())
    assert again.attributes == ("a", "b", "c") and again.hidden == layer.hidden


def test_the_loss_by_hand() -> None:
    """Three patches. One attribute: of the pairs 01 agrees, 02 and 12 do not; another is known of two that agree."""
    values = tf.constant([[0, 7], [0, 7], [4, UNKNOWN]])
    logits = np.zeros((3, 3, 2), np.float32)
    for one, other, logit in ((0, 1, 1.0), (0, 2, 2.0), (1, 2, -3.0)):
        logits[one, other, 0] = logits[other, one, 0] = logit
    logits[..., 1] = 100.0  # has no pair that does not agree, and is left out
    agree = np.log1p(np.exp(-1.0))
    apart = (np.log1p(np.exp(2.0)) + np.log1p(np.exp(-3.0))) / 2
    found = balanced_loss(values, tf.constant(logits)).numpy()
    assert found.mean() == pytest.approx((agree + apart) / 2, rel=1e-5)
    assert float(np.mean(balanced_accuracy(values, tf.constant(logits)))) == pytest.approx((1 + 1 / 2) / 2)


def test_a_batch_with_nothing_to_tell_apart_costs_nothing() -> None:
    values, logits = tf.constant([[1], [1]]), tf.ones((2, 2, 1))
    np.testing.assert_array_equal(balanced_loss(values, logits), [0, 0])


def test_the_network_has_a_logit_for_each_pair_and_attribute() -> None:
    keras.utils.set_random_seed(0)
    model = pair_network(64, ("Model", *MADE))
    assert model.output_shape == (None, None, 4) and 100_000 < model.count_params() < 300_000
    patches = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), np.uint8)
    found = model(patches).numpy()
    assert found.shape == (5, 5, 4)
    np.testing.assert_allclose(found, found.transpose(1, 0, 2), atol=1e-5)
    # Each pair by itself, whatever stands beside it.
    np.testing.assert_allclose(model(patches[[1, 3]])[0, 1], found[1, 3], atol=1e-4)


def test_attributes_are_what_a_camera_sets_and_photographs_differ_in() -> None:
    one = told(
        {"Model": "A\0 ", "ISOSpeedRatings": 100, "DateTime": "2020", "MakerNote": b"..", "ExposureTime": 0.5}
        | {"GPSInfo": 5, "BodySerialNumber": "7", "ExifVersion": b"0220", "UserComment": "x" * 100}
    )
    assert one == {"Model": "A", "ISOSpeedRatings": "100", "ExposureTime": "0.5"}
    many = [{"Model": "A" if i < 4 else "B", "Make": "M", "Flash": str(min(i, 5))} for i in range(8)]
    many.append({})
    assert learnable(many) == ("Model",)  # one Make alone; of Flash no two values four times
    found = codes(many, ("Model", "Flash"))
    assert found[:, 0].tolist() == [0] * 4 + [1] * 4 + [UNKNOWN]
    assert found[-1, 1] == UNKNOWN and len(set(found[:6, 1])) == 6


def test_a_history_is_done_to_a_window() -> None:
    pixels = picture(200, 200)
    for scale in range(len(SCALES)):
        history = History(scale=scale)
        window = pixels[: history.window(64), : history.window(64)]
        patch = history.apply(window, 64, (3, 5))
        assert patch.shape == (72, 72, 3)
        if not scale:
            np.testing.assert_array_equal(patch, window[3:75, 5:77])
    window = pixels[:80, :80]
    blurred, rough = History(blur=3).apply(window, 64, (0, 0)), History(quality=4).apply(window, 64, (0, 0))
    assert blurred.std() < window.std() and np.abs(rough.astype(int) - window[:72, :72]).mean() > 1
    assert History(1, 2, 3).codes == (1, 2, 3) and QUALITIES[0] is None
    assert History(scale=1).fitting(64, 100, 400) == History() and History(scale=1).fitting(64, 200, 400).scale == 1


def test_half_of_the_pairs_agree_in_the_attribute_that_was_drawn() -> None:
    rng = np.random.default_rng(0)
    values = np.repeat(np.arange(10), 4)[:, None].astype(np.int32)
    same = []
    for _ in range(600):
        (one, first), (other, second) = draw_pair(values, rng)
        assert one != other
        same.append((values[one, 0] == values[other, 0], *np.equal(first.codes, second.codes)))
    # Of four attributes one is drawn, half of them agreeing; otherwise as chance has it: 3 of 39, 1 of 5, 4 and 5.
    agreeing = np.mean(same, axis=0)
    assert agreeing[0] == pytest.approx(1 / 8 + 3 / 4 * 3 / 39, abs=0.06)
    assert (agreeing[1:] > 0.2).all() and (agreeing[1:] < 0.5).all()


@given(st.integers(0, 2**31), st.integers(0, 2))
@settings(max_examples=50, deadline=None)
def test_a_made_attribute_agrees_or_not_as_it_is_asked(seed: int, attribute: int) -> None:
    rng = np.random.default_rng(seed)
    first = History.draw(rng)
    assert first.other(attribute, rng).codes[attribute] != first.codes[attribute]
    level = first.codes[attribute]
    assert History.draw(rng).with_level(attribute, level).codes[attribute] == level


def test_a_batch_is_the_same_for_the_same_seed() -> None:
    photographs = [picture(140, 150, seed) for seed in range(4)]
    sizes, values = np.array([(140, 150)] * 4), np.array([[0], [0], [1], [UNKNOWN]], np.int32)

    def cut(photograph: int, side: int, rng: np.random.Generator) -> np.ndarray:
        top, left = int(rng.integers(0, 141 - side)), int(rng.integers(0, 151 - side))
        return photographs[photograph][top : top + side, left : left + side]

    patches, found, whose = draw_batch(sizes, values, cut, patches=12, side=32, rng=np.random.default_rng(5))
    assert patches.shape == (12, 32, 32, 3) and patches.dtype == np.uint8 and found.shape == (12, 4)
    np.testing.assert_array_equal(found[:, 0], values[whose, 0])
    again, *_ = draw_batch(sizes, values, cut, patches=12, side=32, rng=np.random.default_rng(5))
    np.testing.assert_array_equal(patches, again)


def _two_parts(number: int, foreign: np.ndarray, apart: float) -> np.ndarray:
    """A matrix of patches of which some are consistent with each other alone."""
    rng = np.random.default_rng(1)
    matrix = np.where(foreign[:, None] == foreign[None], 0.9, apart) + rng.normal(0, 0.02, (number, number))
    return np.clip((matrix + matrix.T) / 2, 0, 1)


def test_the_mode_is_what_most_patches_see() -> None:
    foreign = np.arange(60) < 12
    mode = consensus(_two_parts(60, foreign, 0.3))
    assert mode[~foreign].min() > 0.8 and mode[foreign].max() < 0.4
    np.testing.assert_allclose(consensus(np.full((20, 20), 0.7)), 0.7)


def test_the_cut_divides_what_does_not_belong() -> None:
    foreign = np.arange(60) % 5 == 0
    part, cut = normalised_cut(_two_parts(60, foreign, 0.1))
    np.testing.assert_array_equal(part, foreign)
    _, whole = normalised_cut(_two_parts(60, np.zeros(60, bool), 0.1))
    assert cut < 0.6 < 0.9 < whole <= 2


@pytest.mark.parametrize("size", [(64, 64), (256, 256), (1000, 700), (3000, 4000), (64, 90_000)])
def test_a_grid_covers_any_image_with_at_most_so_many_patches(size: tuple[int, int]) -> None:
    tops, lefts = grid(*size, 64)
    assert 0 < len(tops) * len(lefts) <= MOST_PATCHES
    assert all(start % 8 == 0 for start in (*tops, *lefts))
    assert size[0] - 8 < tops[-1] + 64 <= size[0] and size[1] - 8 < lefts[-1] + 64 <= size[1]


def test_a_map_is_linear_between_the_middles_of_patches() -> None:
    found = between(np.array([[0.0, 1.0], [0.0, 1.0]]), [0, 8], [0, 10], 5, (13, 16))
    assert found.shape == (13, 16)
    np.testing.assert_allclose(found[6, :3], 0)
    np.testing.assert_allclose(found[6, 2:13], np.arange(11) / 10)
    np.testing.assert_allclose(found[6, 12:], 1)


def _photographs(exif: bool) -> CameraPhotographs:
    """Twelve photographs; those of odd numbers are by another camera, and blurred."""
    records = []
    for number in range(12):
        stream, entries = io.BytesIO(), Image.Exif()
        if exif:
            entries[ExifTags.Base.Make], entries[ExifTags.Base.Model] = "Maker", "AB"[number % 2]
        pixels = History(blur=3 * (number % 2)).apply(picture(120, 130, number), 112, (0, 0))
        Image.fromarray(pixels).save(stream, "PNG", exif=entries)
        records.append(Record(f"{number}.png", REAL, str(number), "train", stream.getvalue()))
    return CameraPhotographs(Images(records, data=DataSettings()), {record.name: "one" for record in records}, fewest=1)


def test_a_fresh_network_has_the_attributes_that_photographs_differ_in() -> None:
    settings_ = load_settings(None, SMALL)
    detector = ExifConsistency.build(settings_)
    assert detector.attributes == MADE
    detector.prepare(_photographs(exif=False), settings_)
    assert detector.attributes == MADE
    photographs = _photographs(exif=True)
    detector.prepare(photographs, settings_)
    assert detector.attributes == ("Model", *MADE)
    patches, values = detector.draw(photographs, settings_, np.random.default_rng(0))
    assert patches.shape == (16, 32, 32, 3) and values.shape == (16, 4)
    assert set(values[:, 0]) == {0, 1}


def test_it_learns_a_batch_by_heart_and_weighs_the_attributes() -> None:
    keras.utils.set_random_seed(0)
    settings_ = load_settings(None, SMALL)
    photographs = _photographs(exif=True)
    detector = ExifConsistency.build(settings_)
    detector.prepare(photographs, settings_)
    detector.compile(1e-2)
    batch = detector.draw(photographs, settings_, np.random.default_rng(1))
    before, *_, after = (detector.trainer.train_on_batch(*batch, return_dict=True)["loss"] for _ in range(15))
    assert after < before / 2
    detector.conclude(photographs, settings_)
    shares = detector.model.get_layer("same").shares.numpy()
    assert (shares >= 0).all() and shares.sum() > 0


def test_an_accuracy_counts_both_kinds_of_pairs_alike() -> None:
    answers = Answers(np.array([0, 0, 1]), np.array([1, 2, 2]), np.array([1, 0, 0]), np.array([1, 0, 1]))
    assert answers.accuracy() == 0.75
    assert answers.accuracy(np.array([1.0, 3.0, 1.0])) == pytest.approx((1 + 1 / 4) / 2)
    assert np.isnan(answers.accuracy(np.array([0.0, 1.0, 1.0])))


def test_an_image_with_few_patches_does_not_apply() -> None:
    detector = ExifConsistency.create(64)
    found = detector.examine(as_files([picture(63, 300), picture(64, 100), picture(90, 300)]))
    assert [said.applies for said in found] == [False, False, True]
    assert "64 pixels" in found[0].reason and "9 patches" in found[1].reason
    assert found[2].heat_map is not None and found[2].heat_map.shape == (90, 300)


def test_weights_of_a_file_bring_their_attributes(tmp_path: Path) -> None:
    path = tmp_path / "mine.keras"
    ExifConsistency(pair_network(32, ("Model", "Flash"))).save(str(path))
    again = ExifConsistency.create_from(Settings(detector="exif_consistency"), path)
    assert again.attributes == ("Model", "Flash") and again.side == 32
    again.prepare(_photographs(exif=True), load_settings(None, {**SMALL, "train.weights": str(path)}))
    assert again.attributes == ("Model", "Flash")
