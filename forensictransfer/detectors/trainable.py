"""A detector that is a Keras model on crops: what training, adaptation and evaluation rely on."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import keras
import numpy as np
import tensorflow as tf
from scipy.special import expit

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.settings import EvaluateSettings
from forensictransfer.data.image_file import ImageFile
from forensictransfer.data.tiles import Place, cut, tile_places
from forensictransfer.detectors.base import Detector, Trains
from forensictransfer.detectors.evidence import Analysis, Evidence, Judgement, Tiles
from forensictransfer.detectors.heat_maps import blend, map_places
from forensictransfer.detectors.with_model import ModelDetector

Made = TypeVar("Made")


class TrainableDetector(ModelDetector):
    """A functional Keras model and how to train and read it.

    A detector is fed uint8 crops (n, crop, crop, 3) in 0..255 and labels real = 0, fake = 1. It looks at each crop by
    itself in inference mode: the same crop gets the same verdict whatever batch it comes in. `model` takes the crops
    (as its one input, or as the input "image") and gives a mapping that holds "energies" and the features.

    Attributes:
        trains: `gradient`, or `fit`: then `fit_features` fits it at once.
        smallest: side of the smallest crops that it can be built for, pixels.
        reconstructs: whether its loss has a part for a reconstruction.
        features: the output of `model` that a classifier without gradients works on.
    """

    trains: ClassVar[Trains] = "gradient"
    maps: ClassVar[bool] = True
    smallest: ClassVar[int] = 32
    reconstructs: ClassVar[bool] = False
    features: ClassVar[str] = "features"

    @classmethod
    def create(cls, crop: int) -> TrainableDetector:
        """Build a detector as `build` does, for crops that are large enough. Raises UserError if they are not."""
        cls.check_crop(crop)
        return cls.build(crop)

    @classmethod
    def create_from(cls, crop: int, weights: Path) -> TrainableDetector:
        """Build a detector that begins with the weights of a file, or of a preset's folder where it `needs_preset`.

        Raises UserError if these cannot be its weights.
        """
        detector = cls.create(crop)
        detector.load_pretrained(weights)
        return detector

    @classmethod
    def check_crop(cls, crop: int) -> None:
        """Raise UserError for crops that are too small."""
        if crop < cls.smallest:
            raise UserError(
                f"data.crop: '{cls.name}' needs crops of at least {cls.smallest} pixels, got {crop}",
                code=ErrorCode.DETECTOR_UNSUITABLE,
            )

    @classmethod
    @abstractmethod
    def build(cls, crop: int) -> TrainableDetector:
        """Build a detector with fresh weights (Keras' global seed) for crops of `crop` pixels."""

    @abstractmethod
    def compile(self, learning_rate: float) -> None:
        """Set optimiser, losses and metrics for `keras.Model.fit`."""

    @abstractmethod
    def fit_batch(self, images: np.ndarray, labels: np.ndarray) -> tuple[Any, Any]:
        """Return the inputs and targets of one batch, as the model's `fit` takes them."""

    def prepare_steps(self) -> None:
        """Make all variables of a compiled model's training: those of its optimiser, losses and metrics.

        Left to Keras they are made in the first step, and TensorFlow, which finds that its trace has made variables,
        traces that step a second time: seconds for each training.
        """
        trainer = self.trainer
        if not trainer.optimizer.built:
            trainer.optimizer.build(trainer.trainable_variables)
        if len(keras.tree.flatten(trainer.output)) == 1:
            return  # Keras made the metrics of a single output when it was compiled
        inputs, targets = self.fit_batch(np.zeros((2, self.crop, self.crop, 3), np.uint8), np.array([0, 1], np.int32))
        outputs = trainer(inputs, training=False)
        trainer.compute_loss(inputs, targets, outputs, training=False)
        trainer.compute_metrics(inputs, targets, outputs)
        trainer.reset_metrics()

    @property
    def image(self) -> keras.KerasTensor:
        """The model's input that takes the crops."""
        given = self.model.input
        return given["image"] if isinstance(given, dict) else given

    @property
    def crop(self) -> int:
        """Side of the crops that it was built for, pixels."""
        return int(self.image.shape[1])

    @property
    def scorer(self) -> keras.Model:
        """Crops -> {"energies": (n, 2), "features": (n, d)}: all that scoring needs, as a model to be exported."""
        names = {"energies": "energies", "features": self.features}
        return self.once(
            "scorer",
            lambda: keras.Model(self.image, {key: self.model.output[name] for key, name in names.items()}),
        )

    @property
    def architecture(self) -> str:
        """The layers that scoring consists of, with all their settings, crop and all, as JSON: what is no weight.

        Two detectors alike in it and in their weights have the same features.
        """

        def describe() -> str:
            layers = [(type(layer).__name__, layer.get_config()) for layer in self.scorer.layers]
            return json.dumps(layers, sort_keys=True, default=str)

        return self.once("architecture", describe)

    def inference_model(self) -> keras.Model:
        """Build a Keras model of crops alone, uint8 (n, crop, crop, 3), whatever inputs its training has.

        It shares all weights. Its outputs, also those of `predict`: "score" (n,), larger means more likely fake,
        "energies" (n, 2) of real and fake, "features" (n, d).
        """
        scorer = self.scorer
        found = scorer.output
        score = found["energies"][:, 1] - found["energies"][:, 0]
        return keras.Model(scorer.input, {"score": score, **found}, name=f"{self.model.name}_inference")

    def analyse(self, images: np.ndarray) -> Analysis:
        """Compute energies and features of crops, uint8 (n, crop, crop, 3), in inference mode."""
        scorer = self.scorer
        found = self.once("analyse", lambda: tf.function(lambda batch: scorer(batch, training=False)))(images)
        return Analysis(found["energies"].numpy(), found["features"].numpy())

    def analyse_tiles(self, tiles: np.ndarray, batch: int) -> Analysis:
        """Compute energies and features of crops, uint8 (n, crop, crop, 3), `batch` at a time."""
        found = []
        for start in range(0, len(tiles), batch):
            part = tiles[start : start + batch]
            # Always the same shape: another one would cost a trace of the graph.
            padding = np.zeros((batch - len(part), *part.shape[1:]), np.uint8)
            analysis = self.analyse(np.concatenate([part, padding]))
            found.append((analysis.energies[: len(part)], analysis.features[: len(part)]))
        energies, features = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return Analysis(energies, features)

    def examine(
        self,
        images: Sequence[ImageFile],
        *,
        decision: Judgement | None = None,
        options: EvaluateSettings | None = None,
    ) -> list[Evidence]:
        """Score whole images, with a map of each.

        The score is the one of an evaluation: of the energies and features of the tiles that `options` ask for.
        The map shows the probability of fake of the tiles around each pixel: their scores, blended (`heat_maps`), then
        made a probability by `decision`. Without a decision the score is a_1 - a_0, there is neither probability nor
        mask, and the map is 1 / (1 + exp(-score)), which is 0.5 where the energies are equal and may saturate.

        decision: what a run has chosen on its source or on shots. options: stride, tiles and batch (default: those of
        an evaluation).
        """
        options = options or EvaluateSettings()
        return [self._examine(image, decision, options) for image in images]

    def heat_maps(
        self, image: ImageFile, decisions: Sequence[Judgement], options: EvaluateSettings | None = None
    ) -> list[np.ndarray]:
        """Map an image as `examine` does, by each of some decisions, float32 (h, w); its tiles are scored once."""
        _, places, tiles = self._looked_at(image, options or EvaluateSettings())
        return [self._heat_map(image, places, tiles, decision) for decision in decisions]

    def _examine(self, image: ImageFile, decision: Judgement | None, options: EvaluateSettings) -> Evidence:
        n, places, tiles = self._looked_at(image, options)
        energies, features = (
            part[:n].mean(axis=0, keepdims=True, dtype=np.float64).astype(np.float32)
            for part in (tiles.energies, tiles.features)
        )
        if decision is None:
            heat_map = expit(blend(tiles.scores, places, self.crop, image.size))
            return Evidence(float(energies[0, 1] - energies[0, 0]), heat_map=heat_map, features=features[0])
        scores = decision.scores(energies, features, Tiles(tiles.energies[:n], tiles.features[:n], np.array([n])))
        heat_map = self._heat_map(image, places, tiles, decision)
        return Evidence(
            score=float(scores[0]),
            probability=float(decision.probabilities(scores)[0]),
            heat_map=heat_map,
            mask=heat_map > 0.5,
            features=features[0],
        )

    def _looked_at(self, image: ImageFile, options: EvaluateSettings) -> tuple[int, list[Place], Analysis]:
        """Analyse the tiles of an image; returns how many of them, the first ones, it is scored by, and all places."""
        crop, (height, width) = self.crop, image.size
        tiling = {"stride": min(options.stride, crop), "max_tiles": options.max_tiles}
        scored = tile_places(height, width, crop=crop, **tiling)
        # What is scored and what the map is made of are much the same tiles, each looked at once.
        places = list(dict.fromkeys([*scored, *map_places(height, width, crop)]))
        return len(scored), places, self.analyse_tiles(cut(image.pixels, places, crop), options.batch)

    def _heat_map(self, image: ImageFile, places: Sequence[Place], tiles: Analysis, decision: Judgement) -> np.ndarray:
        local = blend(decision.tile_scores(tiles.energies, tiles.features), places, self.crop, image.size)
        return decision.probabilities(local).astype(np.float32)

    def feature_weights(self) -> list[np.ndarray] | None:
        """Return the weights that the features depend on, if the energies follow from the features (`energies_of`).

        Features of two such detectors with the same weights here are the same, whatever the classifiers above them.
        None (the default): the energies need the image.
        """
        return None

    def energies_of(self, features: np.ndarray) -> np.ndarray:
        """Compute the energies (n, 2) from features (n, d), where `feature_weights` says that this can be done."""
        raise NotImplementedError(f"the energies of '{self.name}' do not follow from its features")

    def fit_features(self, features: np.ndarray, labels: np.ndarray) -> None:
        """Fit the classifier of a detector without gradients to features (n, d) of whole images, labels (n,)."""
        raise NotImplementedError(f"'{self.name}' is trained by gradient steps")

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the layers that the stages of the classifier end with, from input to output.

        `adapt.frozen` of them can be left as they are. All that comes later must be computed from that layer's output
        and the model's inputs. A detector without stages (the default) is trained whole or not at all.
        """
        return ()

    def loss_outputs(self, reconstruction: bool) -> Any:
        """Return the outputs of `trainer` that `batch_loss` needs; what they are not computed from is not run.

        reconstruction: whether it counts; always False for a detector that has none.
        """
        return self.trainer.output

    def batch_loss(self, outputs: Any, targets: Any, reconstruction: Any) -> Any:
        """Compute the loss of one batch in fine-tuning, a scalar tensor: by default the loss that `compile` has set.

        outputs: values of `loss_outputs`; targets: as `fit_batch` gives them; reconstruction: weight of the
        reconstruction's part of the loss, a scalar tensor.
        """
        return self.trainer.compute_loss(y=targets, y_pred=outputs)

    def pictures(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Draw what TensorBoard shows of a few crops: name -> float32 (n, h, w, 3) in [0, 1]."""
        return {"crops": images.astype(np.float32) / 255.0}


def as_trainable(detector: Detector) -> TrainableDetector:
    """Return the same detector, for work on its model. Raises UserError for one that has none."""
    if not isinstance(detector, TrainableDetector):
        raise UserError(
            f"'{detector.name}' learns nothing: it has no model to train or to load weights into",
            code=ErrorCode.DETECTOR_UNSUITABLE,
        )
    return detector
