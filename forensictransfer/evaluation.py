"""A run x a domain -> predictions.csv and metrics.json: the only place that computes a number that is reported."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from forensictransfer.auditing.quick import metadata_only
from forensictransfer.config import Settings
from forensictransfer.data.domains import Domain
from forensictransfer.data.layout import CLASSES
from forensictransfer.data.pipeline import Images, tile_batches
from forensictransfer.data.splits import drop_shared
from forensictransfer.decision import Decision
from forensictransfer.detectors.base import Analysis, Detector
from forensictransfer.errors import UserError
from forensictransfer.metrics import summarise_draws
from forensictransfer.progress import progress_bar
from forensictransfer.runs import RunFolder
from forensictransfer.workbench import Workbench

# Energies and features of images by their digest, for each of the last weights and geometries that were asked for.
_KNOWN: OrderedDict[str, dict[str, tuple[np.ndarray, np.ndarray]]] = OrderedDict()
_MOST_WEIGHTS = 6
_MOST_IMAGES = 100_000  # of one network; about 600 bytes each

SHOTS_HEADER = ("path", "label", "group", "score", "probability", "energy_real", "energy_fake")
HEADER = ("draw", *SHOTS_HEADER)


def analyse_images(
    detector: Detector, images: Images, settings: Settings, *, progress: str | None = None, keep: bool = True
) -> Analysis:
    """Energies and features of whole images: the means over tiles of the training crop's size that cover each image.

    The threshold shifts with the input's size, so images are scored in the geometry of training, all over.
    Returns an Analysis of n rows, in the order of `images`. The same weights on the same pixels are scored once in a
    process: the draws and strategies that leave the network as it was all ask for that. keep: False where nobody will
    ask for these weights again.
    """
    if not keep:
        return analyse_anew(detector, images, settings, progress=progress)
    known = _known(detector, settings)
    missing = [i for i, digest in enumerate(images.digests) if digest not in known]
    if missing:
        found = analyse_anew(detector, images.subset(missing), settings, progress=progress)
        if len(known) > _MOST_IMAGES:
            known.clear()
            if len(missing) < len(images):
                return analyse_anew(detector, images, settings, progress=progress)
        for row, i in enumerate(missing):
            known[images.digests[i]] = (found.energies[row], found.features[row])
        if len(missing) == len(images):
            return found
    if not len(images):
        return Analysis(np.zeros((0, 2), np.float32), np.zeros((0, 0), np.float32))
    rows = [known[digest] for digest in images.digests]
    return Analysis(np.stack([row[0] for row in rows]), np.stack([row[1] for row in rows]))


def _known(detector: Detector, settings: Settings) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What is known of images by these weights in this geometry, by digest."""
    state = hashlib.sha256(detector.name.encode())
    for weight in detector.model.get_weights():
        state.update(np.ascontiguousarray(weight).tobytes())
    state.update(repr((detector.crop, settings.evaluate.stride, settings.evaluate.max_tiles)).encode())
    known = _KNOWN.setdefault(state.hexdigest(), {})
    _KNOWN.move_to_end(state.hexdigest())
    while len(_KNOWN) > _MOST_WEIGHTS:
        _KNOWN.popitem(last=False)
    return known


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


class DomainTest:
    """The test split of a domain, less what a run has seen, and what each draw of the run says of it.

    Test images that share a photograph (group or decoded pixels) with what the run has seen are dropped and counted.
    Raises UserError if a class is missing from the test split or nothing is left of it.
    """

    def __init__(
        self, run: RunFolder, domain: Domain, settings: Settings, bench: Workbench, progress: str | None = None
    ) -> None:
        check_splits(domain, ("test",))
        self.run, self.domain, self.settings = run, domain, settings
        seen = run.read_json("data.json")["seen"]
        every = bench.split(domain, "test", settings.data, progress=progress)
        kept, *self.dropped = drop_shared(every.records, every.digests, set(seen["groups"]), set(seen["digests"]))
        self.skipped = every.skipped
        self.images = every.subset(kept)
        check_both_classes(self.images, domain.name, "test", dropped=sum(self.dropped))
        self.draws: list[dict[str, Any]] = []

    def add(self, draw: int, decision: Decision, analysis: Analysis) -> None:
        """What a draw says of the images, `analysis` in their order."""
        scores = decision.scores(analysis.energies, analysis.features)
        self.draws.append(
            {
                "draw": draw,
                "labels": self.images.labels,
                "groups": self.images.groups,
                "names": [record.name for record in self.images.records],
                "energies": analysis.energies,
                "scores": scores,
                "probabilities": decision.probabilities(scores),
                "threshold": decision.threshold,
            }
        )

    def write(
        self, *, overwrite: bool = False, more: Callable[[Path, DomainTest], None] | None = None
    ) -> dict[str, Any]:
        """Write predictions.csv and metrics.json (and what `more` adds to their folder); returns the metrics."""
        info, settings = self.run.info, self.settings
        summary = summarise_draws(self.draws, resamples=settings.evaluate.resamples, seed=settings.seed)
        metrics = {
            "format": 1,
            "source": info["source"]["name"],
            "target": self.domain.name,
            "run_target": None if info["target"] is None else info["target"]["name"],
            **{key: info[key] for key in ("detector", "strategy", "shots", "seed", "threshold_rule", "stop_rule")},
            "draws": len(self.draws),
            "split": "test",
            "settings": settings.evaluate.model_dump(),
            "origin": self.domain.origin,
            "fingerprint": self.domain.fingerprint(),
            "dropped_shared": {"group": self.dropped[0], "pixels": self.dropped[1]},
            "skipped": [list(item) for item in self.skipped],
            "metadata_only": metadata_only(self.domain),
            **summary,
        }
        add = None if more is None else lambda folder: more(folder, self)
        self.run.write_evaluation(
            self.domain.name, HEADER, prediction_rows(self.draws), metrics, overwrite=overwrite, more=add
        )
        return metrics


def evaluate_run(
    run: RunFolder,
    domains: Sequence[Domain],
    settings: Settings,
    *,
    overwrite: bool = False,
    bench: Workbench | None = None,
    more: Callable[[Path, DomainTest], None] | None = None,
) -> list[dict[str, Any]]:
    """Score every draw of a run on the test split of each domain and write both files; returns the metrics.

    bench: what is kept between jobs. more: adds files to the folder of each evaluation. Raises UserError as
    `DomainTest` does.
    """
    for domain in domains:
        check_splits(domain, ("test",))
    bench = bench or Workbench()
    detector = bench.detector(run)
    results = []
    for domain in domains:
        test = DomainTest(run, domain, settings, bench, progress=f"reading {domain.name}")
        for draw, decision, keep in _decided_draws(run, detector):
            label = f"scoring {domain.name}" + (f", draw {draw}" if run.kind == "adapt" else "")
            test.add(draw, decision, analyse_images(detector, test.images, settings, progress=label, keep=keep))
        results.append(test.write(overwrite=overwrite, more=more))
    return results


def _decided_draws(run: RunFolder, detector: Detector) -> Iterator[tuple[int, Decision, bool]]:
    """Number and decision of every draw, its weights loaded into `detector`, and whether other draws share them."""
    if run.kind == "train":
        yield 0, Decision.from_json(run.read_json("decision.json")), True
        return
    for folder in run.draws():
        weights = folder / "model.keras"
        if weights.is_file():
            detector.model.load_weights(weights)
        yield (
            int(folder.name),
            Decision.from_json(run.read_json(f"draws/{folder.name}/decision.json")),
            not weights.is_file(),
        )


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


def labelled_rows(images: Images, decision: Decision, analysis: Analysis) -> Iterator[tuple[Any, ...]]:
    """What a decision says of images that it was fitted on, under SHOTS_HEADER."""
    scores = decision.scores(analysis.energies, analysis.features)
    named = zip(images.records, scores, decision.probabilities(scores), analysis.energies, strict=True)
    for record, score, probability, energies in named:
        # All digits: whoever reads the file gets the very numbers that were computed.
        numbers = (repr(float(score)), repr(float(probability)), *(f"{energy:.9g}" for energy in energies))
        yield (record.name, record.label, record.group, *numbers)


def prediction_rows(draws: Sequence[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    """The rows of predictions.csv, under HEADER."""
    for item in draws:
        for i, name in enumerate(item["names"]):
            numbers = (repr(float(item["scores"][i])), repr(float(item["probabilities"][i])))
            energies = (f"{energy:.9g}" for energy in item["energies"][i])
            yield (item["draw"], name, int(item["labels"][i]), item["groups"][i], *numbers, *energies)
