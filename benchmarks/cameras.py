"""Measure camera fingerprints on simulated cameras: who took it, crops, sizes, compression, and maps of absence."""

from __future__ import annotations

import argparse
import io
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy.stats import binomtest

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.wheel_photographs import wheel_photographs
from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.signals.prnu.absence import find_absence
from forensictransfer.detectors.signals.prnu.residual import image_noise
from forensictransfer.detectors.signals.prnu.search import Match, Searcher
from forensictransfer.inference.enrolment import enroll
from forensictransfer.results.cameras import read_camera

SIZE = (768, 1024)  # of the frames, pixels
PASTED = (0, 128, 192, 256, 384)  # sides of what is pasted, pixels
QUALITY = 92  # of the files that the cameras write


class Sensor(NamedTuple):
    """A camera: pixels that are brighter or darker by 1 %, shot noise, noise of readout."""

    pattern: np.ndarray
    scenes: Sequence[Image.Image]

    def photograph(self, rng: np.random.Generator, *, even: bool = False) -> np.ndarray:
        """Read a scene: an even one, or a window of a photograph, at some brightness; uint8 (h, w, 3)."""
        scene = np.full((*SIZE, 3), rng.uniform(120, 190)) if even else _window(rng, self.scenes)
        scene = scene * (1.0 if even else rng.uniform(0.6, 1.2))
        noise = rng.normal(size=scene.shape) * np.sqrt(1.5**2 + 0.02 * scene)
        return np.clip(scene * (1 + self.pattern[..., None]) + noise, 0, 255).round().astype(np.uint8)


def _window(rng: np.random.Generator, scenes: Sequence[Image.Image]) -> np.ndarray:
    """Cut a window out of one of the photographs and enlarge it to the frame: what it was taken with is gone."""
    image = scenes[int(rng.integers(len(scenes)))]
    height = min(image.height, image.width * SIZE[0] / SIZE[1]) * rng.uniform(0.5, 1)
    width = height * SIZE[1] / SIZE[0]
    left, top = rng.uniform(0, image.width - width), rng.uniform(0, image.height - height)
    cut = image.resize(SIZE[::-1], Image.Resampling.BICUBIC, (left, top, left + width, top + height))
    found = np.asarray(cut, np.float64)
    return found[:, ::-1] if rng.random() < 0.5 else found


def _saved(pixels: np.ndarray, quality: int = QUALITY) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def _jpeg(pixels: np.ndarray, quality: int = QUALITY) -> np.ndarray:
    with Image.open(io.BytesIO(_saved(pixels, quality))) as image:
        return np.array(image.convert("RGB"))


def _cropped(pixels: np.ndarray, rng: np.random.Generator, share: float) -> np.ndarray:
    height, width = (round(side * share) for side in pixels.shape[:2])
    top, left = (int(rng.integers(side - part + 1)) for side, part in zip(pixels.shape, (height, width), strict=False))
    return pixels[top : top + height, left : left + width]


def _resized(pixels: np.ndarray, factor: float) -> np.ndarray:
    size = [round(side * factor) for side in pixels.shape[1::-1]]
    return np.array(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]
CHANGES: dict[str, Change] = {
    "as written, JPEG of 92": lambda pixels, rng: pixels,
    "JPEG of 75 after it": lambda pixels, rng: _jpeg(pixels, 75),
    "JPEG of 50 after it": lambda pixels, rng: _jpeg(pixels, 50),
    "a crop of 512 x 384": lambda pixels, rng: _cropped(pixels, rng, 0.5),
    "a crop of 256 x 192": lambda pixels, rng: _cropped(pixels, rng, 0.25),
    "a crop of 128 x 96": lambda pixels, rng: _cropped(pixels, rng, 0.125),
    "turned by a quarter": lambda pixels, rng: np.rot90(pixels),
    "resized by 0.75, JPEG of 92": lambda pixels, rng: _jpeg(_resized(pixels, 0.75)),
    "resized by 0.5, JPEG of 92": lambda pixels, rng: _jpeg(_resized(pixels, 0.5)),
}


def _share(count: int, of: int) -> str:
    test = binomtest(count, of).proportion_ci(method="exact")
    return f"{count} of {of} [{100 * test.low:.1f}, {100 * test.high:.1f}] %"


def _enrolled(sensors: Sequence[Sensor], folder: Path, photographs: int, seed: int) -> list[Searcher]:
    searchers = []
    for number, sensor in enumerate(sensors):
        place = folder / f"camera{number}"
        place.mkdir(parents=True)
        rng = np.random.default_rng([seed, 1, number])
        for one in range(photographs):
            (place / f"{one}.jpg").write_bytes(_saved(sensor.photograph(rng, even=one % 3 == 0)))
        enroll([place], folder / f"camera{number}.npz")
        searchers.append(Searcher(read_camera(folder / f"camera{number}.npz").fingerprint))
    return searchers


def identification(sensors: Sequence[Sensor], searchers: Sequence[Searcher], images: int, seed: int) -> None:
    """Print for each change how many images are found at their own camera and at others."""
    print("| images | own camera found | PCE, median | other cameras found | PCE, largest | places |")
    print("| --- | --- | ---: | --- | ---: | ---: |")
    most = pairs = 0
    for place, (name, change) in enumerate(CHANGES.items()):
        rng = np.random.default_rng([seed, 2, place])
        own: list[Match] = []
        other: list[Match] = []
        for number in range(images):
            taken_by = number % len(sensors)
            noise = image_noise(change(_jpeg(sensors[taken_by].photograph(rng)), rng))
            for camera, searcher in enumerate(searchers):
                match = searcher.search(noise)
                assert match is not None
                (own if camera == taken_by else other).append(match)
        print(
            f"| {name} | {_share(sum(one.found for one in own), len(own))} | "
            f"{np.median([one.pce for one in own]):.0f} | {_share(sum(one.found for one in other), len(other))} | "
            f"{max(one.pce for one in other):.1f} | {own[0].positions:,} |"
        )
        most += sum(one.log10_false_alarms < -3 for one in other)
        pairs += len(other)
    print(f"pairs that do not match with less than 0.001 expected false alarms: {_share(most, pairs)}")


def absence(sensors: Sequence[Sensor], folder: Path, images: int, seed: int) -> None:
    """Print what maps find in photographs with a part of another camera, by its side, and in such without."""
    print("| pasted, pixels | images with a find | of the pasted area | of the rest | area judged | window |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    cameras = [read_camera(folder / f"camera{number}.npz") for number in range(len(sensors))]
    for side in PASTED:
        rng = np.random.default_rng([seed, 3, side])
        found, hit, false, judged, windows = 0, [], [], [], []
        for number in range(images):
            own = number % len(sensors)
            pixels = sensors[own].photograph(rng)
            mask = np.zeros(SIZE, bool)
            if side:
                top, left = int(rng.integers(SIZE[0] - side + 1)), int(rng.integers(SIZE[1] - side + 1))
                mask[top : top + side, left : left + side] = True
                pixels[mask] = sensors[(own + 1) % len(sensors)].photograph(rng)[mask]
            noise = image_noise(_jpeg(pixels))
            absent = find_absence(noise, cameras[own].fingerprint.pattern, cameras[own].expectations)
            if absent is None:
                judged.append(0.0)
                continue
            found += bool(absent.absent.any())
            judged.append(float(absent.judged.mean()))
            windows.append(absent.side)
            hit += [float(absent.absent[mask].mean())] if side else []
            false.append(float(absent.absent[~mask].mean()))
        print(
            f"| {f'{side} x {side}' if side else 'nothing'} | {_share(found, images)} | "
            f"{f'{100 * np.mean(hit):.0f} %' if hit else '-'} | {100 * np.mean(false or [0.0]):.2f} % | "
            f"{100 * np.mean(judged):.0f} % | {f'{np.median(windows):.0f}' if windows else '-'} |"
        )


def main(words: Sequence[str] | None = None) -> int:
    """Print both tables; 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="an empty folder for the cameras")
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--photographs", type=int, default=30, help="of each, a third of them even (default: 30)")
    parser.add_argument("--images", type=int, default=40, help="of each kind (default: 40)")
    parser.add_argument("--strength", type=float, default=0.01, help="deviation of the pattern (default: 0.01)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(words)
    scenes = [Image.fromarray(ImageFile(path).pixels) for path in wheel_photographs()]
    sensors = [
        Sensor(np.random.default_rng([options.seed, 0, number]).normal(scale=options.strength, size=SIZE), scenes)
        for number in range(options.cameras)
    ]
    start = time.perf_counter()
    searchers = _enrolled(sensors, options.folder, options.photographs, options.seed)
    identification(sensors, searchers, options.images, options.seed)
    absence(sensors, options.folder, options.images, options.seed)
    print(f"{time.perf_counter() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
