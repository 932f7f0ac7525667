"""The folder of a sweep with made-up results, for tests of reports: every file that they read, no network.

The package's own writers write it, and no TensorFlow is imported. By default three domains each way, shots 0, 1 and 10,
three draws, and the strategies finetune, head and tuned. The numbers are made up and plausible: scores are an offset of
each draw, plus a margin that has the right sign for exactly the share of images that `accuracy` says, so that the
balanced accuracy in metrics.json is that share.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from forensictransfer.core.environment import Environment
from forensictransfer.core.files import file_sha256, write_text
from forensictransfer.core.settings import dump, load_settings
from forensictransfer.data.counts import Counts
from forensictransfer.evaluation.decision import Decision
from forensictransfer.evaluation.metrics import ScoredImages, summarise_draws
from forensictransfer.results.evaluations import evaluation_path
from forensictransfer.results.formats.decision import DecisionFile
from forensictransfer.results.formats.document import read_document, write_document
from forensictransfer.results.formats.metrics import DrawMetrics, Dropped, ScoringSettings
from forensictransfer.results.formats.pictures import PicturedImage, PicturedImages
from forensictransfer.results.formats.run import DomainReference, Marker, RunInfo
from forensictransfer.results.formats.search import Trial
from forensictransfer.results.formats.shots_only import ShotsOnlyMetrics
from forensictransfer.results.formats.sweep import ImpossibleCell, SweepDomain, SweepInfo
from forensictransfer.results.jobs import read_record, write_with_checksum
from forensictransfer.results.scores import Scored, write_predictions, write_scores
from forensictransfer.results.shots_only import write_shots_only
from forensictransfer.results.trials import Trials, write_trials
from forensictransfer.sweep.settings import SweepSettings
from tests.documents import audit_of as audit_of
from tests.documents import job_record, metrics_of, search_outcome, sweep_info

VALIDATION, SHOTS, TEST = "validation", "shots", "test"


class Case(NamedTuple):
    """What a made-up accuracy may depend on: a network of `source`, adapted to `target` (None: not), tested on `on`."""

    detector: str
    source: str
    target: str | None
    on: str
    strategy: str
    shots: int
    draw: int
    seed: int


Accuracy = Callable[[Case], float]


def plausible(case: Case) -> float:
    """Own tests near 0.95, zero-shot between 0.55 and 0.75, the better the more shots; tuned before finetune, head."""
    luck = _rng(case.detector, case.source, case.on, case.seed).uniform()
    noise = _rng(*case).uniform(-0.03, 0.03)
    if case.on == case.source:
        return 0.95 - (0.1 * luck + noise if case.target else 0.0)
    gain = {"tuned": 0.2, "finetune": 0.18, "head": 0.14}.get(case.strategy, 0.1)
    return 0.55 + 0.2 * luck + (gain * (0.4 + 0.6 * np.log10(case.shots)) + noise if case.shots else 0.0)


def write_sweep(folder: Path, **options: Any) -> Path:
    """Write a sweep to `folder`, which is made, and return it.

    options: sources, targets (names), detectors, shots, draws, strategies, seeds; images (of either class in a test);
    accuracy (Case -> share of right verdicts in each class); missing, failed (parts of the names of jobs that have no
    record, or failed); impossible ((target, shots), ...); pictures (False: none); alone (target and shots -> share of
    right verdicts of the shots alone; None: not measured, as in earlier versions).
    """
    return _Writer(folder, **options).write()


def update_hashes(folder: Path) -> None:
    """Make markers and records fit again after files of results were replaced by other ones."""
    for marker in folder.glob("runs/*/FINISHED"):
        content = read_document(marker, Marker)
        hashes = {name: file_sha256(marker.parent / name) for name in content.sha256}
        write_document(marker, content.model_copy(update={"sha256": hashes}))
    for path in folder.glob("jobs/*.json"):
        record = read_record(path)
        hashes = {name: file_sha256(folder / name) for name in record.sha256}
        write_with_checksum(path, record.model_copy(update={"sha256": hashes}))


def sign(folder: Path, info: SweepInfo | None = None) -> None:
    """Write sweep.json (default: as it was) with the hashes of the files beside it."""
    info = info or read_document(folder / "sweep.json", SweepInfo)
    hashes = {name: file_sha256(folder / name) for name in ("sweep.yaml", "environment.json")}
    write_with_checksum(folder / "sweep.json", info.model_copy(update={"sha256": hashes}))


@cache
def _settings_text(**given: Any) -> str:
    return dump(load_settings(None, given))


class _Writer:
    def __init__(
        self,
        folder: Path,
        *,
        sources: Sequence[str] = ("alpha", "beta", "gamma"),
        targets: Sequence[str] | None = None,
        detectors: Sequence[str] = ("ft-res",),
        shots: Sequence[int] = (0, 1, 10),
        draws: int = 3,
        strategies: Sequence[str] = ("finetune", "head", "tuned"),
        seeds: Sequence[int] = (0,),
        images: int = 20,
        accuracy: Accuracy = plausible,
        missing: Sequence[str] = (),
        failed: Sequence[str] = (),
        impossible: Sequence[tuple[str, int]] = (),
        pictures: bool = True,
        alone: Callable[[str, int], float] | None = None,
    ) -> None:
        self.alone = alone
        self.folder, self.images, self.accuracy, self.pictures = folder, images, accuracy, pictures
        self.missing, self.failed, self.impossible = missing, failed, impossible
        self.grid = {
            "detectors": list(detectors),
            "sources": list(sources),
            "targets": list(sources if targets is None else targets),
            "shots": list(shots),
            "draws": draws,
            "strategies": list(strategies),
            "seeds": list(seeds),
        }

    def write(self) -> Path:
        names = list(dict.fromkeys([*self.grid["sources"], *self.grid["targets"]]))
        jobs = self._jobs()
        splits = {name: Counts(n, n, n) for name, n in {**_SPLITS, "test": self.images}.items()}
        reason = "{} has 8 real images in its train split, {} shots were asked for"
        info = sweep_info(
            **self.grid,
            domains={name: SweepDomain(splits=splits, **_domain(name).model_dump()) for name in names},
            impossible=[
                ImpossibleCell(target=target, shots=k, reason=reason.format(target, k)) for target, k in self.impossible
            ],
            jobs=[job["job"] for job in jobs],
        )
        self.folder.mkdir(parents=True)
        packages = {"forensictransfer": "0.1.0", "tensorflow-cpu": "2.21.0", "keras": "3.15.1", "numpy": "2.4.6"}
        write_document(
            self.folder / "environment.json", Environment("3.11.7", "Linux", "x86_64", processors=2, packages=packages)
        )
        domains = {key: [f"/data/{name}" for name in self.grid[key]] for key in ("sources", "targets")}
        grid = {
            key: tuple(value) if isinstance(value, list) else value for key, value in {**self.grid, **domains}.items()
        }
        settings = SweepSettings(**grid, settings={"evaluate.resamples": 50})
        write_text(self.folder / "sweep.yaml", dump(settings))
        sign(self.folder, info)
        for job in jobs:
            if not any(part in job["job"] for part in self.missing):
                self._do(job)
        return self.folder

    def _jobs(self) -> list[dict[str, Any]]:
        """All jobs in the order of a sweep: trainings, then by source the zero-shot tests and adaptations."""
        trainings, others = [], []
        for seed in self.grid["seeds"]:
            for detector in self.grid["detectors"]:
                for source in self.grid["sources"]:
                    train = _job("train", detector, source, None, "zero-shot", 0, 1, seed)
                    trainings.append(train)
                    for target in self.grid["targets"]:
                        if target != source:
                            zero_shot = _job("zero-shot", detector, source, target, "zero-shot", 0, 1, seed)
                            others += [{**zero_shot, "run": train["run"]}, *self._adaptations(train, target)]
        return [*trainings, *self._shots_only(), *others]

    def _shots_only(self) -> list[dict[str, Any]]:
        return [
            _job("shots-only", "cooccurrence", target, target, "shots-only", k, self.grid["draws"], seed)
            for seed in self.grid["seeds"] * (self.alone is not None)
            for target in self.grid["targets"]
            for k in self.grid["shots"]
            if k > 0 and (target, k) not in self.impossible
        ]

    def _adaptations(self, train: dict[str, Any], target: str) -> list[dict[str, Any]]:
        about = (train["detector"], train["source"], target)
        return [
            _job("adapt", *about, strategy, k, self.grid["draws"], train["seed"])
            for k in self.grid["shots"]
            if k > 0 and (target, k) not in self.impossible
            for strategy in self.grid["strategies"]
        ]

    def _do(self, job: dict[str, Any]) -> None:
        """The run folder (for a zero-shot test: in that of its training), the evaluations, and the record."""
        failed = any(part in job["job"] for part in self.failed)
        hashes: dict[str, str] = {}
        value = None
        if not failed and job["kind"] == "shots-only":
            value = self._write_shots_only(job, hashes)
        elif not failed:
            run = self.folder / job["run"]
            if job["kind"] != "zero-shot":
                self._write_run(run, job)
            for on in {"train": [job["source"]], "zero-shot": [job["target"]]}.get(
                job["kind"], [job["target"], job["source"]]
            ):
                place, accuracy = self._evaluate(run, job, on)
                value = accuracy if value is None else value
                for path in (place / "predictions.csv", place / "metrics.json"):
                    hashes[path.relative_to(self.folder).as_posix()] = file_sha256(path)
        record = job_record(
            **job,
            state="failed" if failed else "done",
            error="no luck" if failed else None,
            seconds={"train": 600.0, "zero-shot": 2.5}.get(job["kind"], 30.0 + 4 * job["shots"]),
            balanced_accuracy=value,
            sha256=hashes,
        )
        (self.folder / "jobs").mkdir(exist_ok=True)
        write_with_checksum(self.folder / "jobs" / f"{job['job']}.json", record)

    def _write_shots_only(self, job: dict[str, Any], hashes: dict[str, str]) -> float:
        assert self.alone is not None
        place, target, share = self.folder / job["run"], job["target"], self.alone(job["target"], job["shots"])
        draws = [self._scored(job, target, draw, TEST, share) for draw in range(job["draws"])]
        summary = summarise_draws(draws, resamples=50)
        found = ShotsOnlyMetrics(
            target=target,
            origin=_domain(target).origin,
            fingerprint=_domain(target).fingerprint,
            descriptor="cooccurrence",
            classifier="a discriminant",
            **{key: job[key] for key in ("shots", "draws", "seed")},
            threshold_rule="midpoint (shots)",
            resamples=50,
            n=summary.n,
            metrics=dict(summary.metrics),
            per_draw=tuple(DrawMetrics.of(one) for one in summary.per_draw),
        )
        place.mkdir(parents=True)
        write_shots_only(place, found, draws)
        for path in (place / "predictions.csv", place / "metrics.json"):
            hashes[path.relative_to(self.folder).as_posix()] = file_sha256(path)
        return summary.metrics["balanced_accuracy"].value or 0.0

    def _write_run(self, run: Path, job: dict[str, Any]) -> None:
        adapted = job["kind"] == "adapt"
        own = {"adapt.strategy": job["strategy"], "adapt.shots": job["shots"]} if adapted else {}
        parent = _job("train", job["detector"], job["source"], None, "zero-shot", 0, 1, job["seed"])["run"]
        info = RunInfo(
            kind=job["kind"],
            version="0.1.0",
            created="2026-11-23T00:30:00Z",
            detector=job["detector"],
            source=_domain(job["source"]),
            target=_domain(job["target"]) if adapted else None,
            **{key: job[key] for key in ("strategy", "shots", "draws", "seed")},
            **_rules(job),
            parent=str(self.folder.resolve() / parent) if adapted else None,
        )
        run.mkdir(parents=True)
        write_document(run / "run.json", info)
        write_text(run / "settings.yaml", _settings_text(seed=job["seed"], **own))
        if not adapted:
            write_scores(run / "validation.csv", Scored.of(self._scored(job, job["source"], 0, VALIDATION)))
        for draw in range(job["draws"] if adapted else 0):
            place = run / "draws" / str(draw)
            scored = self._scored(job, job["target"], draw, SHOTS)
            place.mkdir(parents=True)
            decision = Decision(threshold=scored.threshold, slope=3.0, rule="midpoint", chosen_on="shots")
            write_document(place / "decision.json", DecisionFile.of(decision))
            write_scores(place / "shots.csv", Scored.of(scored))
            if job["strategy"] == "tuned":
                _write_search(place, job["shots"])
        names = sorted(path for path in run.rglob("*") if path.is_file())
        hashes = {path.relative_to(run).as_posix(): file_sha256(path) for path in names}
        write_document(run / "FINISHED", Marker(finished="2026-11-23T00:59:00Z", sha256=hashes))

    def _evaluate(self, run: Path, job: dict[str, Any], on: str) -> tuple[Path, float]:
        """predictions.csv, metrics.json and what lies beside them; returns the folder and the balanced accuracy."""
        place = evaluation_path(run, on)
        draws = [self._scored(job, on, draw, TEST) for draw in range(job["draws"])]
        place.mkdir(parents=True, exist_ok=True)
        write_predictions(place / "predictions.csv", draws)
        summary = summarise_draws(draws, resamples=50)
        metrics = metrics_of(
            on,
            source=job["source"],
            run_target=job["target"] if job["kind"] == "adapt" else None,
            **{key: job[key] for key in ("detector", "strategy", "shots", "seed", "draws")},
            **_rules(job),
            settings=ScoringSettings(stride=64, max_tiles=64, batch=64, resamples=50),
            origin=_domain(on).origin,
            fingerprint=_domain(on).fingerprint,
            dropped_shared=Dropped(group=1 if job["kind"] == "adapt" else 0, pixels=0),
            n=summary.n,
            metrics=dict(summary.metrics),
            per_draw=tuple(DrawMetrics.of(one) for one in summary.per_draw),
        )
        write_document(place / "metrics.json", metrics)
        if job["kind"] != "adapt":
            features = _rng("latents", run.name, on).normal(size=(2 * self.images, 8)).astype(np.float32)
            np.savez_compressed(place / "latents.npz", features=features)
        if self.pictures and (
            job["kind"] != "adapt" or (job["shots"] == max(self.grid["shots"]) and on != job["source"])
        ):
            _write_pictures(place / "pictures", draws[0])
        return place, summary.metrics["balanced_accuracy"].value or 0.0

    def _scored(
        self, job: dict[str, Any], on: str, draw: int, what: str, right_share: float | None = None
    ) -> ScoredImages:
        """Images of one split, scored by one draw, as `summarise_draws` takes them."""
        n = {VALIDATION: 12, SHOTS: job["shots"], TEST: self.images}[what]
        about = Case(
            job["detector"],
            job["source"],
            job["target"] if job["kind"] == "adapt" else None,
            on,
            job["strategy"],
            job["shots"],
            draw,
            job["seed"],
        )
        share = self.accuracy(about) if what == TEST and right_share is None else right_share or 1.0
        rng = _rng(what, *about)
        offset = _rng("offset", about.source, about.target, about.strategy, about.shots, draw).normal(0, 0.2)
        right = np.concatenate([rng.permutation(np.arange(n) < round(share * n)) for _ in (0, 1)])
        labels = np.repeat([0, 1], n)
        margins = np.where(right, rng.uniform(0.05, 1.0, 2 * n), -rng.uniform(0.05, 0.5, 2 * n))
        scores = offset + np.where(labels == 1, margins, -margins)
        groups = [f"{on[0]}{what[0]}{i:03d}" for i in range(n)] * 2
        return ScoredImages(
            names=[f"{'fake' if y else 'real'}/{group}.png" for y, group in zip(labels, groups, strict=True)],
            labels=labels,
            groups=groups,
            scores=scores,
            probabilities=1 / (1 + np.exp(-3 * (scores - offset))),
            threshold=float(offset),
            draw=draw,
            energies=np.stack([1 - scores / 2, 1 + scores / 2], axis=1),
        )


_SPLITS = {"train": 60, "validation": 12, "test": 0}


def _job(
    kind: str, detector: str, source: str, target: str | None, strategy: str, shots: int, draws: int, seed: int
) -> dict[str, Any]:
    """A job's name, what it is, and its run folder."""
    stem = f"{source}-{detector}-s{seed}"
    if kind == "zero-shot":
        stem += f"-on-{target}"
    if kind == "shots-only":
        stem = f"shots_only-{target}-s{seed}-k{shots}"
    if kind == "adapt":
        stem += f"-to-{target}-{strategy}-k{shots}"
    readable, digest = re.sub(r"[^\w.+-]+", "_", stem), hashlib.sha256(stem.encode()).hexdigest()
    name = f"{readable}-{digest[:10]}"
    about = {"kind": kind, "detector": detector, "source": source, "target": target, "strategy": strategy}
    folder = "shots_only" if kind == "shots-only" else "runs"
    return {"job": name, **about, "shots": shots, "draws": draws, "seed": seed, "run": f"{folder}/{name}"}


def _domain(name: str) -> DomainReference:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return DomainReference(name=name, origin=f"/data/{name}", group="stem", fingerprint=digest)


def _rules(job: dict[str, Any]) -> dict[str, str]:
    if job["kind"] != "adapt":
        return {"threshold_rule": "balanced (source validation)", "stop_rule": "validation-loss"}
    stop = "no gradient" if job["strategy"] == "head" else "steps, 300 steps"
    return {"threshold_rule": "midpoint (shots)", "stop_rule": stop}


def _write_search(place: Path, shots: int) -> None:
    """trials.csv and chosen.json of a search of four trials, one of them pruned; of one shot nothing is searched."""
    asked = {"adapt.strategy": "finetune", "adapt.learning_rate": 0.001, "adapt.steps": 300}
    if shots < 2:
        nothing = search_outcome(objective="none", settings=asked, reason="nothing can be held out")
        write_document(place / "chosen.json", nothing)
        return
    rows = (
        (0, "complete", 0.60, 3, 5.0, asked),
        (1, "complete", 0.55, 3, 0.1, {"adapt.strategy": "head"}),
        (2, "pruned", 0.90, 1, 1.5, {**asked, "adapt.learning_rate": 0.01, "adapt.steps": 100}),
        (3, "complete", 0.40, 3, 4.0, {**asked, "adapt.learning_rate": 0.0005, "adapt.steps": 200}),
    )
    trials = tuple(Trial(**dict(zip(Trial.model_fields, row, strict=True))) for row in rows)
    write_trials(place / "trials.csv", Trials("folds", tuple(asked), trials))
    outcome = search_outcome(
        trials=4,
        pruned=1,
        seconds=10.6,
        number=3,
        value=0.4,
        default_value=0.6,
        objective="cross-entropy of held-out shots, 3 folds",
        settings=trials[3].settings,
    )
    write_document(place / "chosen.json", outcome)


def _write_pictures(place: Path, scored: ScoredImages) -> None:
    """pictures.json and small PNGs of noise: the first false alarm and miss, a right real and a right fake."""
    called = scored.scores > scored.threshold
    wanted = (
        (0, True, "most confident false alarm"),
        (1, False, "most confident miss"),
        (0, False, "most confident right real"),
        (1, True, "most confident right fake"),
    )
    listed = []
    for label, fake, why in wanted:
        found = np.flatnonzero((scored.labels == label) & (called == fake))
        if not found.size:
            continue
        i, number = int(found[0]), len(listed)
        files = {name: f"{number}-{name}.png" for name in ("crop", "input", "reconstruction")}
        place.mkdir(parents=True, exist_ok=True)
        grey = Image.new("RGB", (120, 80), (90, 120, 60 + 10 * number))
        grey.save(place / f"{number}-photograph.jpg", format="JPEG")
        for name in files.values():
            place.mkdir(parents=True, exist_ok=True)
            noise = _rng("picture", name, scored.names[i]).integers(0, 256, (32, 32, 3), np.uint8)
            Image.fromarray(noise).save(place / name, format="PNG")
        files["photograph"] = f"{number}-photograph.jpg"
        listed.append(
            PicturedImage(
                name=scored.names[i],
                label=label,
                score=float(scored.scores[i]),
                probability=float(scored.probabilities[i]),
                threshold=scored.threshold,
                why=why,
                files=files,
                place=(64, 128, 64, 64),
                size=(320, 480),
            )
        )
    place.mkdir(parents=True, exist_ok=True)
    write_document(place / "pictures.json", PicturedImages(tuple(listed)))


def _rng(*key: object) -> np.random.Generator:
    """Random numbers that depend on `key` alone."""
    return np.random.default_rng(int(hashlib.sha256(repr(key).encode()).hexdigest()[:16], 16))
