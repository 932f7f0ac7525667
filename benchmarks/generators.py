"""Measure what becomes of a generator's fingerprint when its images are compressed, cropped, resized or mirrored."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.mosaics import saved
from forensictransfer.core.settings import DataSettings
from forensictransfer.data.domains import open_domain
from forensictransfer.data.image_file import ImageFile
from forensictransfer.data.records import CLASSES, FAKE, REAL
from forensictransfer.detectors.signals.generator.fingerprint import threshold
from forensictransfer.detectors.signals.generator.noise import SIDE, folded_noise
from forensictransfer.evaluation.attribution import share
from forensictransfer.inference.generator_enrolment import FALSE_ALARMS, enroll
from forensictransfer.report.names import percent
from forensictransfer.results.generators import read_generator


def _resized(pixels: np.ndarray, factor: float) -> np.ndarray:
    size = [round(side * factor) for side in pixels.shape[1::-1]]
    return np.array(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "as stored": lambda pixels: pixels,
    "JPEG of 90 after it": lambda pixels: saved(pixels, 90),
    "JPEG of 75 after it": lambda pixels: saved(pixels, 75),
    "JPEG of 50 after it": lambda pixels: saved(pixels, 50),
    "their upper left 128 x 128 alone": lambda pixels: pixels[:128, :128],
    "without 8 rows and columns at the upper left": lambda pixels: pixels[8:, 8:],
    "without 4 of them": lambda pixels: pixels[4:, 4:],
    "resized by 0.9": lambda pixels: _resized(pixels, 0.9),
    "resized by 1.1": lambda pixels: _resized(pixels, 1.1),
    "mirrored": lambda pixels: np.ascontiguousarray(pixels[:, ::-1]),
}


def changed(domain_file: str, side: int, group: str | None) -> None:
    """Enroll a domain's generator, and print for each change how many of its test images bear the fingerprint."""
    domain = open_domain(domain_file, group=group, data=DataSettings())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "generator.npz"
        enroll(domain, file, domain.name, side=side)
        generator = read_generator(file)
    least = threshold(generator.info.real_strengths, FALSE_ALARMS)
    print(f"{domain.name}: {generator.info.fakes} fakes, tiles of {side}, above {least:.2f}")
    print("| test images | fakes found | strength, mean | reals found | strength, mean |")
    print("| --- | --- | ---: | --- | ---: |")
    for name, change in CHANGES.items():
        cells = []
        for label in (FAKE, REAL):
            strengths, groups = [], []
            for record in domain.split("test"):
                if record.label == label:
                    noise = folded_noise(change(ImageFile.of_record(record).pixels), side)
                    if noise is not None:
                        strengths.append(generator.fingerprint.strength(noise))
                        groups.append(record.group)
            if not strengths:
                cells.append(f"no {CLASSES[label]} is as large as a tile | -")
                continue
            found = share([one > least for one in strengths], groups)
            cells.append(f"{percent(found)} of {len(strengths)} | {np.mean(strengths):.2f}")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure the domains that are named, each by its own generator."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("domains", metavar="DOMAIN", nargs="+", help="domains whose fakes are of one generator each")
    parser.add_argument("--side", type=int, default=SIDE, help="side of the tiles that are averaged, pixels")
    parser.add_argument("--group", metavar="RULE", help="what belongs together")
    arguments = parser.parse_args(argv)
    for domain in arguments.domains:
        changed(domain, arguments.side, arguments.group)
    return 0


if __name__ == "__main__":
    sys.exit(main())
