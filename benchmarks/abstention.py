"""Measure what `predict` leaves open and gets wrong on test splits, with and without its demand for stability.

python benchmarks/abstention.py RUN --on DOMAIN [--draws 3] [--errors 0.05 0.1 0.2]
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

from forensictransfer.core.settings import DomainSettings, Settings
from forensictransfer.data.domains import Domain, open_domain
from forensictransfer.data.image_file import ImageFile
from forensictransfer.evaluation.abstained import measure_abstention
from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.evaluation.metrics import ScoredImages
from forensictransfer.inference.batch import judge_files
from forensictransfer.inference.judge import Judge
from forensictransfer.results.calibration import Calibration, calibration
from forensictransfer.results.draws import draw_of
from forensictransfer.results.formats.data import Seen
from forensictransfer.results.formats.verdicts import Verdict
from forensictransfer.results.runs import RunFolder


def judged(run: RunFolder, domain: Domain, draw: int, settings: Settings) -> tuple[ScoredImages, np.ndarray]:
    """Judge the test images of a domain that share no group with what the run has seen.

    Returns their scores, and which of them would be called the other after a JPEG 70 or at half the size.
    """
    seen = set(run.read("data.json", Seen).seen.groups)
    records = [one for one in domain.split("test") if one.group not in seen]
    judge = Judge(run, error=None, draw=draw, stable=True, settings=settings)
    found = list(judge_files(judge, [ImageFile.of_record(one) for one in records]))
    pairs = [(one, said) for one, said in zip(records, found, strict=True) if isinstance(said, Verdict)]
    pairs = [(one, said) for one, said in pairs if said.score is not None]
    scores = np.array([said.score for _, said in pairs])
    images = ScoredImages(
        names=[one.name for one, _ in pairs],
        labels=np.array([one.label for one, _ in pairs]),
        groups=[one.group for one, _ in pairs],
        scores=scores,
        probabilities=np.array([said.probability for _, said in pairs]),
        threshold=judge.by.threshold,
        draw=draw,
    )
    return images, np.array([bool(said.doubts) for _, said in pairs])


def _cell(one: Estimate) -> str:
    return "-" if one.value is None else f"{100 * one.value:.1f} [{100 * one.lowest:.1f}, {100 * one.highest:.1f}]"


def main(words: Sequence[str] | None = None) -> int:
    """Print the table of a run on some domains; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--on", nargs="+", required=True, help="domains: names, folders or domain files")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--errors", type=float, nargs="+", default=[0.05, 0.1, 0.2])
    options = parser.parse_args(words)
    run = RunFolder.open(options.run)
    settings = run.settings
    number = min(options.draws, run.info.draws or 1)
    print("| domain | images | errors allowed | stable | decided | wrong of decided | reals wrong | fakes wrong |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in options.on:
        domain = open_domain(DomainSettings(path=name) if Path(name).is_dir() else name, data=settings.data)
        draws = [judged(run, domain, draw, settings) for draw in range(number)]
        labels = draws[0][0].labels
        for error in options.errors:
            calibrated = [calibration(run, draw_of(run, draw)) for draw in range(number)]
            limits = [one.abstention(error) for one in calibrated if isinstance(one, Calibration)]
            for asked in (False, True):
                found = measure_abstention(
                    [images for images, _ in draws],
                    limits,
                    resamples=1000,
                    seed=0,
                    left_open=np.stack([unstable for _, unstable in draws]) & asked,
                ).metrics
                cells = [_cell(found[name]) for name in ("decided", "wrong_decided", "wrong_real", "wrong_fake")]
                sizes = f"{(labels == 0).sum()} + {(labels == 1).sum()}"
                row = [domain.name, sizes, str(error), "asked" if asked else "not asked", *cells]
                print(f"| {' | '.join(row)} |", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
