"""What a run was made with: Python, packages, machine."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import Any

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
    "matplotlib",
    "pillow",
    "pydantic",
)


def environment() -> dict[str, Any]:
    """Versions, platform and processors, for environment.json. Looks at installed metadata, imports nothing."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "packages": versions,
    }
