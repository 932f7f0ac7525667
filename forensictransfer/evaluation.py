"""A run x a domain -> predictions.csv and metrics.json: the only place that computes a number that is reported."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from forensictransfer.config import Settings
from forensictransfer.data.domains import Domain
from forensictransfer.data.layout import CLASSES
from forensictransfer.data.pipeline import Images, tile_batches
from forensictransfer.data.splits import drop_shared
from forensictransfer.decision import Decision
from forensictransfer.detectors.base import Analysis, Detector
from forensictransfer.detectors.registry import load_detector
from forensictransfer.errors import UserError
from forensictransfer.metrics import summarise_draws
from forensictransfer.progress import progress_bar
from forensictransfer.runs import RunFolder

_ANALYSES: OrderedDict[str, Analysis] = OrderedDict()
_MOST_ANALYSES = 32  # a few hundred bytes an image each

HEADER = ("draw", "path", "label", "group", "score", "probability", "energy_real", "energy_fake")


def analyse_images(detector: Detector, images: Images, settings: Settings, *, progress: str | None = None) -> Analysis:
    """Energies and features of whole images: the means over tiles of the training crop's size that cover each image.

    The threshold shifts with the input's size, so images are scored in the geometry of training, all over.
    Returns an Analysis of n rows, in the order of `images`. The same weights on the same pixels are scored once in a
    process: the draws and strategies that leave the network as it was all ask for that.
    """
    key = _content_key(detector, images, settings)
    if key not in _ANALYSES:
        _ANALYSES[key] = analyse_anew(detector, images, settings, progress=progress)
        while len(_ANALYSES) > _MOST_ANALYSES:
            _ANALYSES.popitem(last=False)
    _ANALYSES.move_to_end(key)
    return _ANALYSES[key]


def _content_key(detector: Detector, images: Images, settings: Settings) -> str:
    """SHA-256 over all that an analysis depends on: weights, pixels, geometry."""
    state = hashlib.sha256(detector.name.encode())
    for weight in detector.model.get_weights():
        state.update(np.ascontiguousarray(weight).tobytes())
    state.update(repr((detector.crop, settings.evaluate.stride, settings.evaluate.max_tiles)).encode())
    state.update("".join(images.digests).encode())
    return state.hexdigest()


def analyse_anew(detector: Detector, images: Images, settings: Settings, *, progress: str | None = None) -> Analysis:
    """As `analyse_images`, without looking whether it was done before: for those who measure how long it takes."""
    evaluate, crop, n = settings.evaluate, detector.crop, len(images)
    tile_options = {"crop": crop, "stride": min(evaluate.stride, crop), "max_tiles": evaluate.max_tiles}
    energies: np.ndarray | None = None
    features: np.ndarray | None = None
    counts = np.zeros(n)
    bar = progress_bar(total=n, desc=progress, unit="image", disable=progress is None, leave=False)
    for batch, owner in tile_batches(images, batch=evaluate.batch, **tile_options):
        missing = evaluate.batch - len(batch)
        # Always the same shape: a shorter last batch would cost a trace of the graph.
        padded = np.concatenate([batch, np.zeros((missing, *batch.shape[1:]), np.uint8)]) if missing else batch
        found = detector.analyse(padded)
        if energies is None or features is None:
            energies = np.zeros((n, 2))
            features = np.zeros((n, found.features.shape[1]))
        np.add.at(energies, owner, found.energies[: len(batch)])
        np.add.at(features, owner, found.features[: len(batch)])
        np.add.at(counts, owner, 1)
        bar.update(int(owner[-1]) + 1 - bar.n)
    bar.close()
    if energies is None or features is None:
        return Analysis(np.zeros((0, 2), np.float32), np.zeros((0, 0), np.float32))
    return Analysis((energies / counts[:, None]).astype(np.float32), (features / counts[:, None]).astype(np.float32))


def open_detector(run: RunFolder) -> Detector:
    """The detector of a run, with the weights that its draws start from."""
    return load_detector(run.info["detector"], run.path / "model.keras")


def evaluate_run(
    run: RunFolder, domains: Sequence[Domain], settings: Settings, *, overwrite: bool = False
) -> list[dict[str, Any]]:
    """Score every draw of a run on the test split of each domain and write both files; returns the metrics.

    Test images that share a photograph (group or decoded pixels) with what the run has seen are dropped and counted.
    Raises UserError if a class is missing from a test split or nothing is left of it.
    """
    for domain in domains:
        check_splits(domain, ("test",))
    detector = open_detector(run)
    seen = run.read_json("data.json")["seen"]
    results = []
    for domain in domains:
        name = domain.name
        images = Images(domain.split("test"), data=settings.data, progress=f"reading {name}")
        kept, by_group, by_pixels = drop_shared(
            images.records, images.digests, set(seen["groups"]), set(seen["digests"])
        )
        kept_images = images.subset(kept)
        check_both_classes(kept_images, name, "test", dropped=by_group + by_pixels)
        draws = [
            {
                "draw": draw,
                "labels": kept_images.labels,
                "groups": kept_images.groups,
                "names": [record.name for record in kept_images.records],
                "energies": analysis.energies,
                "scores": (scores := decision.scores(analysis.energies, analysis.features)),
                "probabilities": decision.probabilities(scores),
                "threshold": decision.threshold,
            }
            for draw, decision, analysis in analyse_draws(run, detector, kept_images, settings, f"scoring {name}")
        ]
        summary = summarise_draws(draws, resamples=settings.evaluate.resamples, seed=settings.seed)
        metrics = {
            "format": 1,
            "source": run.info["source"]["name"],
            "target": name,
            "run_target": None if run.info["target"] is None else run.info["target"]["name"],
            **{key: run.info[key] for key in ("detector", "strategy", "shots", "seed", "threshold_rule", "stop_rule")},
            "draws": len(draws),
            "split": "test",
            "settings": settings.evaluate.model_dump(),
            "origin": domain.origin,
            "fingerprint": domain.fingerprint(),
            "dropped_shared": {"group": by_group, "pixels": by_pixels},
            "skipped": [list(item) for item in images.skipped],
            **summary,
        }
        run.write_evaluation(name, HEADER, _rows(draws), metrics, overwrite=overwrite)
        results.append(metrics)
    return results


def analyse_draws(
    run: RunFolder, detector: Detector, images: Images, settings: Settings, progress: str
) -> Iterator[tuple[int, Decision, Analysis]]:
    """Number, decision and analysis of every draw; draws that share their weights are scored once."""
    if run.kind == "train":
        yield (
            0,
            Decision.from_json(run.read_json("decision.json")),
            analyse_images(detector, images, settings, progress=progress),
        )
        return
    shared: Analysis | None = None
    for folder in run.draws():
        draw = int(folder.name)
        decision = Decision.from_json(run.read_json(f"draws/{draw}/decision.json"))
        weights = folder / "model.keras"
        if weights.is_file():
            detector.model.load_weights(weights)
            yield draw, decision, analyse_images(detector, images, settings, progress=f"{progress}, draw {draw}")
        else:
            if shared is None:
                shared = analyse_images(detector, images, settings, progress=progress)
            yield draw, decision, shared


def check_splits(domain: Domain, splits: Sequence[str]) -> None:
    """Raise UserError unless both classes stand in each of `splits`. Nothing is read: ask before any work."""
    for split in splits:
        found = {record.label for record in domain.split(split)}
        for label, kind in enumerate(CLASSES):
            if label not in found:
                raise UserError(
                    f"domain '{domain.name}': expected real and fake images in its {split} split, found no {kind} one"
                )


def check_both_classes(images: Images, name: str, split: str, *, dropped: int = 0) -> None:
    """Raise UserError unless both classes are present."""
    for label, kind in enumerate(CLASSES):
        if not (images.labels == label).any():
            lost = f"; {dropped} were dropped, as the run has seen their photographs" if dropped else ""
            unreadable = f"; {len(images.skipped)} could not be read" if images.skipped else ""
            raise UserError(
                f"domain '{name}': expected real and fake images in its {split} split, found no {kind} one"
                f"{lost}{unreadable}"
            )


def _rows(draws: Sequence[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for item in draws:
        for i, name in enumerate(item["names"]):
            yield (
                item["draw"],
                name,
                int(item["labels"][i]),
                item["groups"][i],
                # All digits: whoever reads the file gets the very numbers that metrics.json was computed from.
                repr(float(item["scores"][i])),
                repr(float(item["probabilities"][i])),
                f"{item['energies'][i, 0]:.9g}",
                f"{item['energies'][i, 1]:.9g}",
            )
