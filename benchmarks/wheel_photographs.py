"""Photographs that lie in the wheels of scikit-image and scikit-learn: nothing is downloaded."""

from __future__ import annotations

import importlib.util
from pathlib import Path

# Photographs in the wheels of scikit-image and scikit-learn.
PHOTOGRAPHS = {
    "skimage": [
        *("data/astronaut.png", "data/chelsea.png", "data/coffee.png", "data/hubble_deep_field.jpg"),
        *("data/ihc.png", "data/motorcycle_left.png", "data/retina.jpg", "data/rocket.jpg", "data/camera.png"),
    ],
    "sklearn": ["datasets/images/china.jpg", "datasets/images/flower.jpg"],
}


def wheel_photographs() -> list[Path]:
    """List the photographs that are installed."""
    found = []
    for package, names in PHOTOGRAPHS.items():
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            found += [path for name in names if (path := Path(spec.origin).parent / name).is_file()]
    return found
