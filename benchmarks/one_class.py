"""Measure how well real photographs alone tell fakes: the distance to what a run's real training images look like.

python benchmarks/one_class.py RUN --on DOMAIN [DOMAIN ...]

The Gaussian of `evaluation.familiarity` is fitted to the features that the run kept of its source's real images, each
source by itself; the score of a test image is its distance from the nearest. No fake is seen.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from forensictransfer.core.settings import DomainSettings
from forensictransfer.data.domains import open_domain
from forensictransfer.data.records import REAL
from forensictransfer.evaluation.familiarity import Directions, Familiarity
from forensictransfer.evaluation.metrics import summarise
from forensictransfer.experiments.session import Session
from forensictransfer.experiments.strategies.background import Background
from forensictransfer.results.formats.data import Seen
from forensictransfer.results.runs import RunFolder


def known_photographs(run: RunFolder) -> Familiarity:
    """Learn what the real images of a run's sources look like."""
    with np.load(run.path / "source_features.npz") as kept:
        features, labels = kept["features"].astype(np.float32), kept["labels"]
        sources = kept["sources"] if "sources" in kept.files else np.zeros(len(labels), int)
    real = labels == REAL
    features, sources = features[real], sources[real]
    parts = [features[sources == one] for one in np.unique(sources)]
    background = Background.of([part - part.mean(axis=0) for part in parts])
    directions = Directions.of(background.rows, background.scale)
    found = None if directions is None else Familiarity.fitted(directions, features, sources)
    if found is None:
        raise SystemExit(f"{run.path}: too few photographs or features")
    return found


def main(words: Sequence[str] | None = None) -> int:
    """Print the table of a run on some domains; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--on", nargs="+", required=True, help="domains: names, folders or domain files")
    options = parser.parse_args(words)
    run = RunFolder.open(options.run)
    session, settings = Session(), run.settings
    detector, known = session.detector(run), known_photographs(run)
    seen = set(run.read("data.json", Seen).seen.groups)
    print("| domain | images | AUC | called unlike: reals, fakes |\n| --- | --- | --- | --- |")
    for name in options.on:
        domain = open_domain(DomainSettings(path=name) if Path(name).is_dir() else name, data=settings.data)
        images = session.split(domain, "test", settings.data)
        images = images.subset([i for i, group in enumerate(images.groups) if group not in seen])
        features = session.scores.analyse(detector, images, settings.evaluate).features
        p = known.p_values(features)
        scores = known.distances_of(features)
        auc = summarise(images.labels, scores, 1 - p, images.groups, float(np.median(scores))).metrics["auc"]
        unlike = [f"{100 * known.unlike(features)[images.labels == label].mean():.0f} %" for label in (0, 1)]
        sizes = f"{(images.labels == 0).sum()} + {(images.labels == 1).sum()}"
        cell = f"{auc.value:.3f} [{auc.lowest:.3f}, {auc.highest:.3f}]"
        print(f"| {domain.name} | {sizes} | {cell} | {', '.join(unlike)} |", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
