"""Documents of runs and sweeps with plausible values in every field: what a test cares about it sets itself."""

from __future__ import annotations

from typing import Any

from forensictransfer.data.counts import Counts
from forensictransfer.results.formats.metrics import Dropped, Metrics, ScoringSettings
from forensictransfer.results.formats.run import DomainReference, RunInfo
from forensictransfer.results.formats.sweep import JobRecord, SweepInfo


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
    """A sweep of ft-res, without domains or jobs unless they are given."""
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
        "domains": {},
        "impossible": (),
        "jobs": (),
        "sha256": {},
    }
    return SweepInfo(**{**about, **fields})


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
