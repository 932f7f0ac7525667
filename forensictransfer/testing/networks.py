"""What every detector must do that is a Keras model on crops, before it has learned anything."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from forensictransfer.core.errors import UserError
from forensictransfer.detectors.arithmetic import arithmetic
from forensictransfer.detectors.loading import load_detector
from forensictransfer.detectors.trainable import TrainableDetector, as_trainable
from forensictransfer.evaluation.scoring import analyse_images
from forensictransfer.testing.fixtures import ContractFixtures, Shared
from forensictransfer.testing.toys import BATCH, as_files, built, close, in_memory, made_up, settings


class NetworkTests(ContractFixtures):
    """Shapes, saving, export, and that each crop is judged by itself."""

    def test_it_knows_its_crop_and_refuses_smaller_ones(self, detector: TrainableDetector, preset: Path | None) -> None:
        """Check that too small a crop is an error of one line that says how large it must be."""
        kind = self.kind()
        assert detector.crop == self.crop()
        if kind.smallest != detector.crop:
            assert as_trainable(built(self.name, kind.smallest, preset)).crop == kind.smallest
        with pytest.raises(UserError, match=str(kind.smallest)) as caught:
            built(self.name, kind.smallest - 8, preset)
        assert "\n" not in str(caught.value)

    def test_it_says_energies_and_features_of_every_crop(self, detector: TrainableDetector) -> None:
        """Check shapes, types and finite numbers; a flat crop has them too."""
        crops, _ = made_up(self.crop(), BATCH)
        crops[0] = 255
        found = detector.analyse(crops)
        assert found.energies.shape == (BATCH, 2) and found.energies.dtype == np.float32
        assert found.features.ndim == 2 and len(found.features) == BATCH and found.features.dtype == np.float32
        assert np.isfinite(found.energies).all() and np.isfinite(found.features).all()
        columns = np.arange(found.features.shape[1])
        blocks = [columns[block] for block in detector.feature_blocks.values()]
        assert all(map(len, blocks)), "each block of features has columns"
        assert not blocks or np.concatenate(blocks).tolist() == columns.tolist(), "the blocks are all of them, in order"

    def test_it_judges_each_crop_by_itself(self, detector: TrainableDetector) -> None:
        """Check that neither the batch that a crop comes in nor its place in it changes the verdict."""
        crops, _ = made_up(self.crop(), BATCH)
        whole = detector.analyse(crops)
        close(detector.analyse(crops[:1]).energies, whole.energies[:1])
        close(detector.analyse(crops[::-1]).energies, whole.energies[::-1])
        others, _ = made_up(self.crop(), BATCH, seed=40)
        others[2:5] = crops[:3]
        close(detector.analyse(others).features[2:5], whole.features[:3])

    def test_it_is_the_same_for_the_same_seed(self, shared: Shared) -> None:
        """Check that Keras' seed decides the weights."""
        one, other = shared.new().get_weights(), shared.twin.get_weights()
        assert len(one) == len(other) and all(map(np.array_equal, one, other))

    def test_it_survives_saving(self, detector: TrainableDetector, tmp_path: Path) -> None:
        """Check that a saved and loaded detector gives the same numbers, and saved once more it is the same model."""
        crops, _ = made_up(self.crop(), BATCH)
        detector.save(str(tmp_path / "model.keras"))
        again = load_detector(self.name, tmp_path / "model.keras")
        assert again.crop == detector.crop
        mine, theirs = detector.analyse(crops), again.analyse(crops)
        np.testing.assert_array_equal(theirs.energies, mine.energies)
        np.testing.assert_array_equal(theirs.features, mine.features)
        again.save(str(tmp_path / "again.keras"))
        third = load_detector(self.name, tmp_path / "again.keras")
        assert third.model.get_config() == again.model.get_config()
        assert all(map(np.array_equal, third.get_weights(), again.get_weights()))

    def test_a_damaged_file_is_one_clear_line(self, detector: TrainableDetector, tmp_path: Path) -> None:
        """Check that half a file of weights is an error that names the file."""
        path = tmp_path / "model.keras"
        detector.save(str(path))
        path.write_bytes(path.read_bytes()[:1000])
        with pytest.raises(UserError, match="model.keras: expected a saved") as caught:
            load_detector(self.name, path)
        assert "\n" not in str(caught.value)

    def test_its_layers_write_down_all_their_settings(self, detector: TrainableDetector) -> None:
        """Check that each argument of a layer's, constraint's or initialiser's constructor is in its `get_config`."""
        for part in _own_parts(detector.model):
            config = part.get_config()
            kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
            own = vars(type(part)).get("__init__", lambda self: None)
            arguments = inspect.signature(own).parameters.values()
            missing = [a.name for a in arguments if a.name != "self" and a.kind not in kinds and a.name not in config]
            assert not missing, f"{type(part).__name__}.get_config lacks {missing}"
            again = type(part).from_config(config)
            assert again.get_config() == config

    def test_it_can_be_exported(self, detector: TrainableDetector, tmp_path: Path) -> None:
        """Check that the inference model takes crops alone, and a SavedModel holds it whole."""
        crops, _ = made_up(self.crop(), BATCH)
        model = detector.inference_model()
        assert [tuple(given.shape) for given in model.inputs] == [(None, self.crop(), self.crop(), 3)]
        model.export(str(tmp_path / "exported"), verbose=False)
        loaded = tf.saved_model.load(str(tmp_path / "exported"))  # its variables live as long as it does
        served = loaded.serve(crops)
        found = detector.analyse(crops)
        close(served["energies"].numpy(), found.energies)
        close(served["features"].numpy(), found.features)
        close(served["score"].numpy(), found.scores)

    def test_its_arithmetic_is_counted(self, detector: TrainableDetector) -> None:
        """Check that every layer with a kernel is known to the count of multiply-adds."""
        count = arithmetic(detector)
        assert count.encoder > 0 and not count.uncounted

    def test_an_image_a_pixel_too_small_is_scored(self, detector: TrainableDetector) -> None:
        """Check that it is mirrored up to one crop, and an evaluation gives the score of its evidence."""
        side = self.crop() - 1
        image = np.random.default_rng(1).integers(0, 256, (side, side, 3), np.uint8)
        found = analyse_images(detector, in_memory([image], [0]), settings(self.crop()).evaluate)
        assert np.isfinite(found.energies).all() and found.energies.shape == (1, 2)
        (said,) = self.examine(detector, as_files([image]))
        close(np.array([said.score]), found.scores)
        assert said.features is not None
        close(said.features, found.features[0])


def _own_parts(model: keras.Model) -> Iterator[Any]:
    """Yield the layers of the model that Keras does not bring, and the constraints and initialisers of all layers."""
    for layer in model.layers:
        parts = [layer, *(getattr(layer, name, None) for name in ("kernel_constraint", "kernel_initializer"))]
        yield from (part for part in parts if part is not None and not type(part).__module__.startswith("keras."))
