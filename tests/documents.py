"""Documents of runs and sweeps with plausible values in every field: what a test cares about it sets itself."""

from __future__ import annotations

from typing import Any

from forensictransfer.data.counts import Counts
from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.results.formats.audit import (
    AcrossSplits,
    Copies,
    CopyPair,
    DomainAudit,
    OddLabels,
    OtherGroups,
    Reason,
    SamePixels,
    Separabilities,
    Separability,
    Separator,
    Verdict,
)
from forensictransfer.results.formats.metrics import Dropped, Metrics, ScoringSettings
from forensictransfer.results.formats.run import DomainReference, RunInfo
from forensictransfer.results.formats.search import SearchOutcome
from forensictransfer.results.formats.sweep import JobRecord, SweepDomain, SweepInfo


def domain_of(name: str, **fields: Any) -> DomainReference:
    """A domain called `name`."""
    about = {"origin": f"/photos/{name}", "group": "stem", "fingerprint": "ab" * 32}
    return DomainReference(name=name, **{**about, **fields})


def run_info(kind: Any = "train", **fields: Any) -> RunInfo:
    """A run of ft-res on `splice`, adapted to `retouch` or not."""
    about: dict[str, Any] = {"detector": "ft-res", "source": domain_of("splice"), "seed": 0}
    about |= {"threshold_rule": "balanced", "stop_rule": "patience", "shots": 0, "draws": 1, "strategy": "zero-shot"}
    if kind == "adapt":
        about |= {"target": domain_of("retouch"), "shots": 10, "draws": 2, "strategy": "head", "parent": "/runs/splice"}
    return RunInfo.new(kind, **{**about, **fields})


def metrics_of(target: str = "retouch", **fields: Any) -> Metrics:
    """An evaluation on `target` of a run of ft-res on `splice`; metrics: estimates by name."""
    about: dict[str, Any] = {
        "source": "splice",
        "target": target,
        "run_target": None,
        "detector": "ft-res",
        "strategy": "zero-shot",
        "shots": 0,
        "seed": 0,
        "threshold_rule": "balanced",
        "stop_rule": "patience",
        "draws": 1,
        "split": "test",
        "settings": ScoringSettings(stride=64, max_tiles=64, batch=64, resamples=1000),
        "origin": f"/photos/{target}",
        "fingerprint": "cd" * 32,
        "dropped_shared": Dropped(group=0, pixels=0),
        "skipped": (),
        "n": Counts(30, 31, 12),
        "metrics": {},
        "per_draw": (),
    }
    return Metrics(**{**about, **fields})


def sweep_info(**fields: Any) -> SweepInfo:
    """A sweep of ft-res, without jobs unless they are given."""
    about: dict[str, Any] = {
        "kind": "sweep",
        "version": "0.1.0",
        "created": "2026-11-23T00:00:00Z",
        "id": "0" * 32,
        "detectors": ("ft-res",),
        "sources": ("splice",),
        "targets": ("retouch",),
        "shots": (0, 10),
        "draws": 3,
        "strategies": ("head",),
        "seeds": (0,),
        "impossible": (),
        "jobs": (),
        "sha256": {},
        **fields,
    }
    names = dict.fromkeys([*about["sources"], *about["targets"]])
    about.setdefault("domains", {name: sweep_domain(name) for name in names})
    return SweepInfo(**about)


def sweep_domain(name: str) -> SweepDomain:
    """A domain of a sweep with 80, 10 and 10 images of either class in its splits."""
    numbers = {"train": 80, "validation": 10, "test": 10}
    splits = {split: Counts(real=n, fake=n, groups=n) for split, n in numbers.items()}
    return SweepDomain(origin=f"/data/{name}", group="stem", fingerprint="0" * 64, splits=splits)


def job_record(job: str, **fields: Any) -> JobRecord:
    """A job that is done: ft-res trained on `splice`."""
    about: dict[str, Any] = {
        "kind": "train",
        "detector": "ft-res",
        "source": "splice",
        "target": None,
        "strategy": "zero-shot",
        "shots": 0,
        "draws": 1,
        "seed": 0,
        "state": "done",
        "seconds": 600.0,
        "cpu_seconds": 1.0,
        "worker": "host:1",
        "attempt": 1,
        "run": f"runs/{job}",
        "sha256": {},
        "ended": "2026-11-23T01:00:00Z",
    }
    return JobRecord(job=job, **{**about, **fields})


def search_outcome(**fields: Any) -> SearchOutcome:
    """A search that tried nothing and left a training's settings as they were."""
    about: dict[str, Any] = {"trials": 0, "pruned": 0, "failed": 0, "seconds": 0.0, "number": None, "value": None}
    about |= {"default_value": None, "objective": "best val_loss", "settings": {"train.batch": 64}}
    return SearchOutcome(**{**about, **fields})


def audit_of(name: str, fingerprint: str, *, accuracy: float = 0.5) -> DomainAudit:
    """What an audit would have found on a domain whose files tell the classes apart with such an accuracy."""
    doubtful = accuracy > 0.6
    n = Counts(9, 9, 18)
    figure = Estimate(accuracy, accuracy - 0.03, min(accuracy + 0.03, 1.0))
    measured = Separability(traces=("file",), balanced_accuracy=figure, auc=figure, n=n)
    reason = Reason(word="do not use", text="a test found more than it should")
    separator = Separator(
        trace="file format",
        part="file",
        topic="format",
        auc=figure,
        notable=True,
        words="PNG in 0 % of reals, 98 % of <fakes>",
    )
    pair = CopyPair(
        images=(f"{name}/a.png", f"{name}/<b>.png"),
        splits=("train", "test"),
        classes=("real", "real"),
        same_pixels=False,
        similarity=0.91,
        mirrored=False,
    )
    return DomainAudit(
        name=name,
        origin=f"/data/{name}",
        group="stem",
        fingerprint=fingerprint,
        images=n,
        splits={"train": n},
        unreadable=(),
        notes=(),
        separators=(separator,) if doubtful else (),
        constant=(),
        separabilities=Separabilities(file=measured, tone=measured, file_and_tone=measured),
        duplicates=Copies(
            images=18,
            bits=18,
            same_pixels=SamePixels(images=0, in_other_groups=0, both_labels=0),
            other_groups=OtherGroups(images=2, photographs=1, mirrored=0, both_classes=0),
            across_splits=AcrossSplits(images=2, test=1, of_test=9),
            largest=2,
            group_rule=None,
            pairs=(pair,) if doubtful else (),
            pairs_left_out=0,
        ),
        labels=OddLabels(images=0, real=0, fake=0, evidence={}, listed=()),
        verdict=Verdict(
            word="do not use" if doubtful else "clean",
            reasons=(reason,) if doubtful else (),
            rests_on="It rests on headers.",
        ),
    )
