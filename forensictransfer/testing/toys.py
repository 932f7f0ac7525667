"""Made-up images, a few steps of training and one few-shot task: what tests of detectors work on.

Reals are noise, fakes the same noise smoothed, a trace that any detector learns in a few steps.
"""

from __future__ import annotations

import io
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from forensictransfer.core.settings import AdaptSettings, DataSettings, Settings, load_settings
from forensictransfer.data.image_file import ImageFile
from forensictransfer.data.images import Images
from forensictransfer.data.records import FAKE, REAL, Record
from forensictransfer.detectors.base import Detector
from forensictransfer.detectors.loading import detector_class, trainable_class
from forensictransfer.detectors.trainable import TrainableDetector
from forensictransfer.evaluation.scoring import analyse_images
from forensictransfer.experiments.strategies.base import FewShotTask, SourceKnowledge

SHOTS = 3
TRAINED = 2  # crops of a step of fine-tuning: as many as there are in any part of the shots, for one shape again
BATCH = 8  # crops that are scored at once: another shape costs a trace of the graph, seconds for a large network


def fresh(name: str, crop: int, seed: int = 0, preset: Path | None = None) -> Detector:
    """Create the detector `name` for crops of `crop` pixels with the weights of a seed, or those of a preset."""
    keras.utils.set_random_seed(seed)
    return built(name, crop, preset)


def built(name: str, crop: int, preset: Path | None = None) -> Detector:
    """Create a detector with the weights that come next, or those of a preset.

    What TensorFlow has compiled for others stays, which it forgets with a new seed.
    """
    return detector_class(name).create(crop) if preset is None else trainable_class(name).create_from(crop, preset)


def made_up(crop: int, n: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Draw n crops, uint8 (n, crop, crop, 3), and labels int32 (n,) in turn. Reals are noise, fakes smoothed noise."""
    rng = np.random.default_rng(seed)
    crops = rng.integers(0, 256, (n, crop, crop, 3)).astype(np.float32)
    labels = np.arange(n, dtype=np.int32) % 2
    smooth = smoothed(crops)
    crops[labels == 1] = smooth[labels == 1]
    return crops.astype(np.uint8), labels


def smoothed(pixels: np.ndarray) -> np.ndarray:
    """Smooth pixels (..., h, w, 3) as a fake has them: the mean of each with its upper and left neighbour, float."""
    return (pixels + np.roll(pixels, 1, axis=-3) + np.roll(pixels, 1, axis=-2)) / 3


def half_forged(height: int, width: int, seed: int = 4) -> np.ndarray:
    """Draw noise whose left half is smoothed, uint8 (h, w, 3)."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.float32)
    pixels[:, : width // 2] = smoothed(pixels)[:, : width // 2]
    return pixels.astype(np.uint8)


def as_files(pictures: list[np.ndarray], kind: str = "PNG") -> list[ImageFile]:
    """Encode pictures as images, uint8 (h, w, 3) or grey (h, w); a JPEG of the highest quality."""
    files = []
    for i, picture in enumerate(pictures):
        stream = io.BytesIO()
        options = {"quality": 100, "subsampling": "4:4:4"} if kind == "JPEG" else {}
        Image.fromarray(picture).save(stream, kind, **options)
        files.append(ImageFile(stream.getvalue(), name=f"{i}.{kind.lower()}"))
    return files


def step(detector: TrainableDetector, crops: np.ndarray, labels: np.ndarray) -> float:
    """Take a step of the training on the source; returns the loss before it."""
    inputs, targets = detector.fit_batch(crops, labels)
    detector.trainer.reset_metrics()
    return float(detector.trainer.train_on_batch(inputs, targets, return_dict=True)["loss"])


def trained(detector: TrainableDetector, batch: int, steps: int = 30) -> None:
    """Train a detector for at most so many steps on made-up crops, or fit it at once; statistics are estimated.

    After each ten steps it is asked whether that will do: most large networks need no more.
    """
    if not detector.gradient:
        crops, labels = made_up(detector.crop, 2 * batch)
        detector.fit_features(detector.analyse_tiles(crops, BATCH).features, labels)
        return
    if not detector.trainer.compiled:
        detector.compile(1e-3)
    detector.begin_epoch(10)
    held_out = made_up(detector.crop, 2 * BATCH, seed=70)
    for number in range(steps):
        step(detector, *made_up(detector.crop, batch, seed=number))
        if (number + 1) % 10 == 0 or number + 1 == steps:
            seeds = range(1000, 1004)
            detector.refresh_statistics(
                [detector.fit_batch(*made_up(detector.crop, batch, seed=seed))[0] for seed in seeds]
            )
            if ranked(detector, *held_out) > 0.95:
                return


def ranked(detector: TrainableDetector, crops: np.ndarray, labels: np.ndarray) -> float:
    """Compute the area under the ROC: the share of pairs of a fake and a real where the fake scores higher."""
    scores = detector.analyse_tiles(crops, BATCH).scores
    return float((scores[labels == FAKE][:, None] > scores[labels == REAL][None]).mean())


def in_memory(pictures: list[np.ndarray], labels: list[int]) -> Images:
    """Make images out of arrays, uint8 (h, w, 3), each a group of its own."""
    records = []
    for i, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        stream = io.BytesIO()
        Image.fromarray(picture).save(stream, "PNG")
        records.append(Record(f"{i}.png", label, f"g{i}", "train", stream.getvalue()))
    return Images(records, data=DataSettings())


def settings(crop: int) -> Settings:
    """Make settings for a few quick steps."""
    adapt = AdaptSettings(shots=SHOTS, draws=1, steps=2, batch=TRAINED, trials=2)
    return load_settings(None, {"data.crop": crop, "evaluate.batch": BATCH, "adapt": adapt.model_dump()})


def few_shots(detector: TrainableDetector, crop: int) -> FewShotTask:
    """Make one draw of made-up shots, and a source that the detector is said to have learned from."""
    crops, labels = made_up(crop, 2 * SHOTS)
    shots = in_memory(list(crops), labels.tolist())
    chosen = load_settings(None, {"detector": detector.name}, base=settings(crop))
    source, source_labels = made_up(crop, 12, seed=8)
    known = detector.analyse_tiles(source, BATCH)
    knowledge = SourceKnowledge(known.energies, known.features, source_labels)
    return FewShotTask(detector, shots, analyse_images(detector, shots, chosen.evaluate), knowledge, chosen, 0)


def close(one: np.ndarray, other: np.ndarray) -> None:
    """Check that values are equal but for the order in which sums are taken: 1e-4 of the largest value."""
    reach = max(float(np.abs(other).max()), 1e-6)
    np.testing.assert_allclose(one / reach, other / reach, atol=1e-4)
