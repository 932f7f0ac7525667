"""The batch-norm trap, shown: the same weights with tracked and with re-estimated statistics.

    python benchmarks/batch_norm.py --source DOMAIN [--target DOMAIN] [--epochs 10] [--out FILE]

Trains on the source's train split without the estimation that `train` does before each validation, so that the moving
statistics are what training's exponential averages left, and looks at the source's validation split: whole images as
`evaluate` scores them, and crops in inference mode beside the same crops in batch mode, which is how they were trained.
Then the statistics are re-estimated, the weights left alone, and it looks again. With --target it continues to
fine-tune on shots of the target and looks at the target's validation split. No test split is touched.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # works in a bare clone, too

from forensictransfer.core.backend import import_tensorflow, prepare_tensorflow
from forensictransfer.core.errors import UserError
from forensictransfer.core.files import write_json
from forensictransfer.core.settings import Settings, load_settings
from forensictransfer.data.batches import STATISTICS_EPOCH, Images, epoch_order, training_batch, training_batches
from forensictransfer.data.domains import Domain, open_domain
from forensictransfer.data.splits import draw_shots
from forensictransfer.evaluation.metrics import metric_values

if TYPE_CHECKING:
    from forensictransfer.detectors.trainable import TrainableDetector

COLUMNS = {
    "image_accuracy": "images: bal. acc.",
    "image_auc": "AUC",
    "crop_accuracy": "crops: inference",
    "crop_accuracy_batch_mode": "batch mode",
    "agreement": "agree",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Train, look, re-estimate, look again, print the table; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", required=True, help="domain to train on: built-in name, folder or settings file")
    parser.add_argument("--group", help="group rule of the source (default: stem)")
    parser.add_argument("--target", help="domain to adapt to")
    parser.add_argument("--target-group", help="group rule of the target (default: stem)")
    parser.add_argument("--epochs", type=int, default=10, help="default: 10")
    parser.add_argument("--shots", type=int, default=10, help="per class, of the target (default: 10)")
    parser.add_argument("--rate", type=float, help="weight of a new batch in the exponential averages (default: 0.1)")
    parser.add_argument("--detector", help="registered name (default: ft-res)")
    parser.add_argument("--config", type=Path, help="YAML file of settings")
    parser.add_argument("--out", type=Path, help="JSON file to write, too")
    options = parser.parse_args(argv)
    given = {"detector": options.detector, "train.epochs": options.epochs, "adapt.shots": options.shots}
    try:
        settings = load_settings(options.config, {name: value for name, value in given.items() if value is not None})
        prepare_tensorflow()  # built-in domains are stored in TensorFlow's record files
        source = open_domain(options.source, group=options.group, data=settings.data)
        target = options.target and open_domain(options.target, group=options.target_group, data=settings.data)
        rows = measured(source, target or None, settings, options.rate)
    except UserError as error:
        print(f"batch_norm: error: {error}", file=sys.stderr)
        return 2
    print(table(rows))
    if options.out:
        write_json(options.out, {"format": 1, "settings": settings.model_dump(mode="json"), "rows": rows})
    return 0


def measured(source: Domain, target: Domain | None, settings: Settings, rate: float | None) -> list[dict[str, Any]]:
    """Measure one row for each state of the detector and domain that it is looked at on."""
    import_tensorflow()
    from forensictransfer.evaluation.scoring import analyse_images
    from forensictransfer.experiments.evaluate import check_both_classes
    from forensictransfer.experiments.strategies.base import FewShotTask, SourceKnowledge, strategy

    def read(domain: Domain, split: str) -> Images:
        images = Images(domain.split(split), data=settings.data, progress=f"reading {domain.name} {split}")
        check_both_classes(images, domain.name, split)
        return images

    train, held_out = read(source, "train"), read(source, "validation")
    detector = trained(train, settings, rate)
    rows = [look(f"{source.name}, statistics tracked", detector, held_out, settings)]
    detector.refresh_statistics(statistics_batches(detector, train, settings))
    rows.append(look(f"{source.name}, re-estimated on its train split", detector, held_out, settings))
    if target is None:
        return rows
    unseen = read(target, "validation")
    rows.append(look(f"{target.name}, not adapted", detector, unseen, settings))
    chosen = draw_shots(target.records, settings.adapt.shots, seed=settings.seed, draw=0, domain=target.name)
    shots = Images([target.records[i] for i in chosen], data=settings.data)
    known = analyse_images(detector, train, settings.evaluate, progress="features of the source")
    knowledge = SourceKnowledge(known.energies, known.features, train.labels)
    task = FewShotTask(detector, shots, analyse_images(detector, shots, settings.evaluate), knowledge, settings, draw=0)
    # Fine-tuning ends with an estimation: it is held back, looked at without, and then done.
    held_back: list[Any] = []
    estimate = detector.refresh_statistics
    detector.refresh_statistics = lambda batches: held_back.extend(batches)  # type: ignore[method-assign]
    strategy("finetune")(task)
    name = f"{target.name}, adapted with {settings.adapt.shots}+{settings.adapt.shots} shots"
    rows.append(look(f"{name}, statistics tracked", detector, unseen, settings))
    estimate(held_back)
    rows.append(look(f"{name}, re-estimated on the shots", detector, unseen, settings))
    return rows


def trained(train: Images, settings: Settings, rate: float | None) -> TrainableDetector:
    """Train a detector for `train.epochs` epochs without validation, so that nothing re-estimates its statistics."""
    import keras

    from forensictransfer.detectors.loading import trainable_class

    keras.utils.set_random_seed(settings.seed)
    detector = trainable_class(settings.detector).build(settings.data.crop)
    for layer in _norms(detector):
        layer.update_rate.assign(layer.rate if rate is None else rate)
    detector.compile(settings.train.learning_rate)
    order: dict[str, Any] = {"batch": settings.train.batch, "balance": settings.train.balance}
    stream = training_batches(
        train,
        crop=detector.crop,
        augment=settings.data.augment,
        seed=settings.seed,
        workers=settings.data.workers,
        **order,
    )
    detector.trainer.fit(
        (detector.fit_batch(images, labels) for images, labels in stream),
        steps_per_epoch=len(epoch_order(train.labels, seed=settings.seed, epoch=0, **order)),
        epochs=settings.train.epochs,
        shuffle=False,
        verbose=2,
    )
    return detector


def statistics_batches(detector: TrainableDetector, images: Images, settings: Settings) -> Iterator[Any]:
    """Yield the batches that `train` estimates the statistics on: random crops of an epoch of their own."""
    options, seed = settings.train, settings.seed
    order = epoch_order(images.labels, seed=seed, epoch=STATISTICS_EPOCH, batch=options.batch, balance=options.balance)
    for step in range(options.statistics_batches):
        crops, labels = training_batch(
            images,
            order[step % len(order)],
            crop=detector.crop,
            augment=settings.data.augment,
            seed=seed,
            epoch=STATISTICS_EPOCH,
            step=step,
        )
        yield detector.fit_batch(crops, labels)[0]


def look(state: str, detector: TrainableDetector, images: Images, settings: Settings) -> dict[str, Any]:
    """Measure whole images by a_1 > a_0 and AUC, and crops by a_1 > a_0 in both modes.

    Measures too how often the two modes agree.
    """
    from forensictransfer.evaluation.scoring import analyse_images
    from forensictransfer.experiments.fit import validation_crops

    scores = analyse_images(detector, images, settings.evaluate, progress="scoring").scores
    crops, labels = validation_crops(images, detector.crop)
    # Batch mode judges an image by its company: mixed at random, and whole batches only.
    order = np.random.default_rng(settings.seed).permutation(len(crops))
    size = min(settings.train.batch, len(crops))
    batches = order[: len(order) // size * size].reshape(-1, size)
    pairs = [(detector.analyse(crops[i]).scores, _batch_mode(detector, crops[i], labels[i])) for i in batches]
    inference, batch_mode = (np.concatenate(part) for part in zip(*pairs, strict=True))
    labels = labels[batches.ravel()]
    return {
        "state": state,
        "images": len(images),
        "crops": len(labels),
        "image_accuracy": _metric("balanced_accuracy", images.labels, scores),
        "image_auc": _metric("auc", images.labels, scores),
        "crop_accuracy": _metric("balanced_accuracy", labels, inference),
        "crop_accuracy_batch_mode": _metric("balanced_accuracy", labels, batch_mode),
        "agreement": float(((inference > 0) == (batch_mode > 0)).mean()),
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Write the rows for people."""
    width = max(len(row["state"]) for row in rows) + 2
    lines = [" " * width + "".join(f"{title:>{len(title) + 3}}" for title in COLUMNS.values())]
    for row in rows:
        cells = "".join(f"{row[name]:>{len(title) + 3}.3f}" for name, title in COLUMNS.items())
        lines.append(f"{row['state']:<{width}}{cells}")
    lines.append("balanced accuracy at a_1 > a_0; agree: share of the crops with the same verdict in both modes")
    return "\n".join(lines)


def _batch_mode(detector: TrainableDetector, crops: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Score one batch normalised by itself, as in training; the moving statistics are left as they were."""
    norms = _norms(detector)
    before = [float(layer.update_rate) for layer in norms]
    for layer in norms:
        layer.update_rate.assign(0.0)
    energies = detector.model(detector.fit_batch(crops, labels)[0], training=True)["energies"].numpy()
    for layer, rate in zip(norms, before, strict=True):
        layer.update_rate.assign(rate)
    return np.asarray(energies[:, 1] - energies[:, 0])


def _norms(detector: TrainableDetector) -> list[Any]:
    from forensictransfer.detectors.layers import PopulationBatchNormalization

    return [layer for layer in detector.model.layers if isinstance(layer, PopulationBatchNormalization)]


def _metric(name: str, labels: np.ndarray, scores: np.ndarray) -> float:
    return float(metric_values(labels, scores, np.full(len(scores), 0.5), 0.0)[name][0])


if __name__ == "__main__":
    sys.exit(main())
