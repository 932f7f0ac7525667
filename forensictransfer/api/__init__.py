"""The commands as Python calls: each checks all that can be checked before TensorFlow is loaded, then does its work."""

from __future__ import annotations

from forensictransfer.api.comparisons import (
    cross_domain,
    detectors_table,
    dry_run,
    run_sweep,
    table,
    write_report,
)
from forensictransfer.api.domains import (
    audit,
)
from forensictransfer.api.fingerprints import (
    check_camera,
    check_generator,
    enroll_camera,
    enroll_generator,
    generator_table,
)
from forensictransfer.api.images import (
    inspect,
    light,
    predict,
)
from forensictransfer.api.runs import (
    adapt,
    evaluate,
    load_model,
    results,
    robustness,
    run_summary,
    show,
    train,
)
from forensictransfer.experiments.requests import FIXED, DomainLike, SettingsLike

__all__ = [
    "FIXED",
    "DomainLike",
    "SettingsLike",
    "adapt",
    "audit",
    "check_camera",
    "check_generator",
    "cross_domain",
    "detectors_table",
    "dry_run",
    "enroll_camera",
    "enroll_generator",
    "evaluate",
    "generator_table",
    "inspect",
    "light",
    "load_model",
    "predict",
    "results",
    "robustness",
    "run_summary",
    "run_sweep",
    "show",
    "table",
    "train",
    "write_report",
]
