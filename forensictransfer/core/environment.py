"""What a run was made with: Python, packages, machine."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib import metadata

from forensictransfer.core.values import FieldsByKey, Integer

PACKAGES = (
    "forensictransfer",
    "tensorflow",
    "tensorflow-cpu",
    "keras",
    "tensorflow-datasets",
    "numpy",
    "scikit-learn",
    "scipy",
    "optuna",
    "pillow",
    "pydantic",
)


@dataclass(frozen=True)
class Environment(FieldsByKey):
    """What a run was made with; packages: versions by name."""

    python: str
    platform: str
    machine: str
    processors: Integer | None
    packages: dict[str, str]


def environment() -> Environment:
    """Collect the versions, platform and processors, for environment.json.

    Looks at installed metadata, imports nothing.
    """
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return Environment(
        python=platform.python_version(),
        platform=platform.platform(),
        machine=platform.machine(),
        processors=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        packages=versions,
    )
