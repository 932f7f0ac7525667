"""Training, scoring and adapting on the clock: the package's own functions, nothing but the clock is added."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from benchmarks.machine import Spread, rates
from forensictransfer.core.settings import Settings, load_settings
from forensictransfer.data.batches import Images, tile_starts, training_batches
from forensictransfer.data.records import Record
from forensictransfer.detectors.arithmetic import Arithmetic, arithmetic
from forensictransfer.detectors.loading import trainable_class
from forensictransfer.detectors.trainable import TrainableDetector
from forensictransfer.evaluation.scoring import analyse_images
from forensictransfer.experiments.strategies.background import MOST_ROWS
from forensictransfer.experiments.strategies.base import FewShotTask, SourceKnowledge, strategy

SHOTS = 10
PLACES = ("memory", "JPEG files")


@dataclass(frozen=True)
class Measurement:
    """One figure: images/s, or seconds for one piece of work.

    multiply_adds: of one image, or of the whole piece of work; drawn: the same for the network as it is drawn.
    from_files: whether JPEG files were decoded on the way.
    """

    name: str
    unit: str
    spread: Spread
    multiply_adds: float
    drawn: float
    from_files: bool = False

    def gflops(self, *, drawn: bool = False) -> float:
        """Compute GFLOP/s at the median, two operations for a multiply-add."""
        work = 2e-9 * (self.drawn if drawn else self.multiply_adds)
        return work * self.spread.median if self.unit == "images/s" else work / self.spread.median


def scoring(
    records: list[Record],
    settings: Settings,
    name: str,
    seconds: float,
    repetitions: int,
    places: Sequence[str] = PLACES,
) -> list[Measurement]:
    """Measure images/s of `analyse_images`, the path of `evaluate`, from each of `places`."""
    detector = _fresh(settings)
    per_image = _tiles(_side(records, settings), settings) * arithmetic(detector).encoder
    found = []
    for place in places:
        images = _placed(records, settings, place)

        def work(images: Images = images) -> float:
            return float(len(analyse_images(detector, images, settings.evaluate).energies))

        spread = rates(work, seconds=seconds, repetitions=repetitions)
        what = f"scoring {name}, from {place}"
        found.append(Measurement(what, "images/s", spread, per_image, per_image, place != "memory"))
        gc.collect()
    return found


def training(
    records: list[Record], settings: Settings, seconds: float, repetitions: int, places: Sequence[str] = PLACES
) -> list[Measurement]:
    """Measure images/s of `fit` on `training_batches`, from each of `places`; an epoch is one repetition."""
    detector = _fresh(settings)
    count = arithmetic(detector)
    batch = settings.train.batch
    found = []
    for place in places:
        images = _placed(records, settings, place)
        _fit(detector, images, settings, steps=1, epochs=1)  # the graph is traced here
        step = _fit(detector, images, settings, steps=2, epochs=2)[1] / 2
        steps = max(1, round(seconds / step))
        # The first epoch starts on batches that were prepared ahead: it does not count.
        times = _fit(detector, images, settings, steps=steps, epochs=repetitions + 1)[1:]
        spread = Spread(tuple(steps * batch / duration for duration in times))
        name = f"training, from {place}"
        computed, drawn = count.training(drawn=False), count.training(drawn=True)
        found.append(Measurement(name, "images/s", spread, computed, drawn, place != "memory"))
        gc.collect()
    return found


def adapting(records: list[Record], settings: Settings, name: str, repetitions: int) -> list[Measurement]:
    """Time the adaptation of a trained detector by `adapt.strategy` on 10 + 10 shots that are in memory.

    It ends with a fitted decision: the same as one draw of `adapt`, less reading and writing. The first draw of a
    process traces the graphs of scoring and of the gradient step; the draws after it do not.
    """
    detector = _fresh(settings)
    initial = detector.model.get_weights()
    shots = _images(records[: 2 * SHOTS], settings)
    times = [_adapt(detector, initial, shots, settings, draw) for draw in range(repetitions + 1)]
    work = _adaptation_work(arithmetic(detector), _tiles(_side(records, settings), settings), settings)
    return [
        Measurement(f"adapting, {name}: first draw", "s", Spread((times[0],)), *work),
        Measurement(f"adapting, {name}: later draws", "s", Spread(tuple(times[1:])), *work),
    ]


def few_shots(records: list[Record], settings: Settings, repetitions: int) -> list[Measurement]:
    """Time `head` on 10 + 10 shots for a run whose source's features are kept, with the split of where time goes.

    Describing the shots, tiles and all, from images in memory; the first draw, which forms the background's products;
    later draws, which find them made and whose shots are described. A draw ends with a fitted decision. Tracing and
    compiling the detector, once a process, is not counted.
    """
    detector = _fresh(settings)
    every = _images(records, settings)
    shots = every.subset(range(2 * SHOTS))
    known = analyse_images(detector, every, settings.evaluate)
    chosen = np.random.default_rng(settings.seed).integers(0, len(every), MOST_ROWS)
    described: list[float] = []
    first: list[float] = []
    later: list[float] = []
    for _ in range(repetitions):
        source = SourceKnowledge(known.energies[chosen], known.features[chosen], every.labels[chosen], equal_units=True)
        start = time.perf_counter()
        analysis = analyse_images(detector, shots, settings.evaluate, keep_tiles=True)
        described.append(time.perf_counter() - start)
        for times in (first, later):
            start = time.perf_counter()
            adapted = strategy("head")(FewShotTask(detector, shots, analysis, source, settings, 0))
            adapted.fitted(settings.adapt.threshold, analysis, shots.labels)
            times.append(time.perf_counter() - start)
    name = f"head of {settings.detector}, {settings.data.crop} px tiles"
    return [
        Measurement(f"{name}: describing 10 + 10", "s", Spread(tuple(described)), 0.0, 0.0),
        Measurement(f"{name}: first draw", "s", Spread(tuple(first)), 0.0, 0.0),
        Measurement(f"{name}: later draws", "s", Spread(tuple(later)), 0.0, 0.0),
    ]


def settings_for(detector: str, crop: int, batch: int, workers: int, **others: Any) -> Settings:
    """Take the defaults with another crop and the same batch for training and scoring; `others`: adapt__steps=30 ..."""
    return load_settings(
        None,
        {
            "detector": detector,
            "data.crop": crop,
            "data.workers": workers,
            "train.batch": batch,
            "evaluate.batch": batch,
            **{name.replace("__", "."): value for name, value in others.items()},
        },
    )


class _Clock(keras.callbacks.Callback):
    """Seconds of each epoch; `fit` has fetched the epoch's losses when it ends, so nothing is still under way."""

    def __init__(self) -> None:
        super().__init__()
        self.start = 0.0
        self.times: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Start the clock."""
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Stop the clock."""
        self.times.append(time.perf_counter() - self.start)


def _fit(detector: TrainableDetector, images: Images, settings: Settings, *, steps: int, epochs: int) -> list[float]:
    def batches() -> Iterator[Any]:
        stream = training_batches(
            images,
            crop=detector.crop,
            augment=settings.data.augment,
            seed=settings.seed,
            batch=settings.train.batch,
            balance=settings.train.balance,
            workers=settings.data.workers,
        )
        for crops, labels in stream:
            yield detector.fit_batch(crops, labels)

    clock = _Clock()
    detector.trainer.fit(batches(), steps_per_epoch=steps, epochs=epochs, shuffle=False, verbose=0, callbacks=[clock])
    return clock.times


def _adapt(
    detector: TrainableDetector, initial: list[np.ndarray], shots: Images, settings: Settings, draw: int
) -> float:
    """Time one draw, in seconds, as `experiments.adapt.adapt_run` does it."""
    start = time.perf_counter()
    detector.model.set_weights(initial)
    before = analyse_images(detector, shots, settings.evaluate)
    # What a run keeps of its source: the shots stand in, as the time does not depend on it.
    source = SourceKnowledge(before.energies, before.features, shots.labels)
    adapted = strategy(settings.adapt.strategy)(FewShotTask(detector, shots, before, source, settings, draw))
    after = analyse_images(detector, shots, settings.evaluate)
    adapted.fitted(settings.adapt.threshold, after, shots.labels)
    return time.perf_counter() - start


def _adaptation_work(count: Arithmetic, tiles: int, settings: Settings) -> tuple[float, float]:
    """Count the multiply-adds of one draw, as computed and as drawn.

    The steps, and scoring the shots before and after.
    """
    crops = settings.adapt.steps * settings.adapt.batch
    scored = 2 * (2 * SHOTS) * tiles * count.encoder
    return scored + crops * count.training(drawn=False), scored + crops * count.training(drawn=True)


def _fresh(settings: Settings) -> TrainableDetector:
    keras.utils.set_random_seed(settings.seed)
    detector = trainable_class(settings.detector).create(settings.data.crop)
    detector.compile(settings.train.learning_rate)
    return detector


def _placed(records: list[Record], settings: Settings, place: str) -> Images:
    return _images(records, settings) if place == "memory" else _unkept(records, settings)


def _images(records: list[Record], settings: Settings) -> Images:
    return Images(records, data=settings.data)


def _unkept(records: list[Record], settings: Settings) -> Images:
    """Make images of which none stays in memory: each access reads and decodes its file."""
    return Images(records, data=settings.data.model_copy(update={"memory_mb": 0}))


def _side(records: list[Record], settings: Settings) -> int:
    return len(Images(records[:1], data=settings.data)[0])


def _tiles(side: int, settings: Settings) -> int:
    """Count the tiles of one square image of `side` pixels."""
    crop = settings.data.crop
    return min(settings.evaluate.max_tiles, len(tile_starts(side, crop, min(settings.evaluate.stride, crop))) ** 2)
