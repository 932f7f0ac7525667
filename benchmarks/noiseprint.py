"""Measure a noiseprint on simulated cameras and on scenes that it has not seen; see README.md here."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from scipy import ndimage
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import pdist, squareform
from sklearn.metrics import roc_auc_score

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.mosaics import image_file, saved
from benchmarks.simulated_cameras import cameras, scenes, window, write_photographs
from benchmarks.splices import with_interval
from forensictransfer.detectors.signals.luma import luma_of
from forensictransfer.detectors.signals.splicebuster.detector import Splicebuster

HELD_OUT = 1_000_003  # added to the seed of the cameras that are measured on
SIDE, PASTED = 320, 112  # of images of which half are spliced, and of what is pasted in, pixels
GROUP = 4  # photographs of a camera that are compared
LAST = (None, 95, 85)  # JPEG over the whole splice
Residual = Callable[[np.ndarray], np.ndarray]


def third_order(pixels: np.ndarray) -> np.ndarray:
    """Take third differences of luma along the rows, which `splicebuster` counts: (h, w, 3) -> (h, w)."""
    return np.asarray(ndimage.convolve1d(luma_of(pixels), [1, -3, 3, -1], axis=1))


def laplacian(pixels: np.ndarray) -> np.ndarray:
    """Take the Laplacian of luma: (h, w, 3) -> (h, w)."""
    return np.asarray(ndimage.laplace(luma_of(pixels)))


def smoothed(pixels: np.ndarray) -> np.ndarray:
    """Take from luma what a Gaussian of a pixel leaves: (h, w, 3) -> (h, w)."""
    luma = luma_of(pixels)
    return np.asarray(luma - ndimage.gaussian_filter(luma, 1.0))


def together(residuals: dict[str, Residual], count: int, places: int, side: int, seed: int) -> None:
    """Print how well residuals of patches from one camera and place are told from those of other cameras.

    Ranked: share of (pair of one camera, pair of two) in which the former is nearer, mean over cameras. Nearest: share
    of patches to which the nearest is of their camera. Clustered: share of patches in the right one of as many clusters
    (Ward's linkage, best assignment) as there are cameras.
    """
    whole, made = scenes(held_out=True), cameras(count, seed + HELD_OUT)
    names = list(residuals)
    ranked: dict[str, list[np.ndarray]] = {name: [] for name in names}
    nearest: dict[str, list[np.ndarray]] = {name: [] for name in names}
    clustered: dict[str, list[float]] = {name: [] for name in [*names, "chance"]}
    owner = np.repeat(np.arange(count), GROUP)
    same = owner[:, None] == owner[None]
    itself = np.eye(len(owner), dtype=bool)
    for place in range(places):
        rng = np.random.default_rng([seed, 5, side, place])
        top, left = (int(one) for one in rng.integers(0, 8, size=2))
        found: dict[str, list[np.ndarray]] = {name: [] for name in names}
        for camera in made:
            for _ in range(GROUP):
                scene = window(whole[int(rng.integers(len(whole)))], side + 24, rng)
                pixels = camera.take(scene, rng)
                for name, residual in residuals.items():
                    found[name].append(residual(pixels)[top + 8 : top + 8 + side, left + 8 : left + 8 + side].ravel())
        for name in names:
            distance = squareform(pdist(np.stack(found[name]), "sqeuclidean"))
            ranked[name].append(np.array([_ranked(distance, same & ~itself, owner == one) for one in range(count)]))
            hit = same[np.arange(len(owner)), np.where(itself, np.inf, distance).argmin(axis=1)]
            nearest[name].append(hit.reshape(count, GROUP).mean(axis=1))
            tree = linkage(np.stack(found[name]), "ward")
            clustered[name].append(_assigned(fcluster(tree, count, "maxclust") - 1, owner, count))
        clustered["chance"].append(_assigned(rng.integers(0, count, len(owner)), owner, count))
    print(f"\n{count} cameras, {GROUP} photographs of each, {places} places, patches of {side} pixels")
    print("| residual | ranked (chance 0.5) | nearest | clustered |\n| --- | --- | --- | --- |")
    chance = (GROUP - 1) / (len(owner) - 1)
    for name in names:
        by_camera = [np.mean(values[name], axis=0) for values in (ranked, nearest)]
        told = " | ".join(with_interval([values], "mean") for values in by_camera)
        print(f"| {name} | {told} | {np.mean(clustered[name]):.3f} |")
    print(f"| by chance | 0.500 | {chance:.3f} | {np.mean(clustered['chance']):.3f} |", flush=True)


def _ranked(distance: np.ndarray, same: np.ndarray, rows: np.ndarray) -> float:
    """Compute the area under the ROC of distances from the patches of one camera to its own and to others'."""
    own, other = distance[rows][same[rows]], distance[rows][:, ~rows].ravel()
    return float(roc_auc_score(np.repeat([1, 0], [len(own), len(other)]), -np.concatenate([own, other])))


def _assigned(cluster: np.ndarray, owner: np.ndarray, count: int) -> float:
    table = np.zeros((count, count))
    np.add.at(table, (cluster, owner), 1)
    rows, columns = linear_sum_assignment(-table)
    return float(table[rows, columns].sum() / len(owner))


def spliced(seed: int, forged: bool, quality: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Make an image of a held-out camera, in half of them a patch of another one's: uint8 (h, w, 3), bool (h, w)."""
    rng, whole = np.random.default_rng([seed, 6]), scenes(held_out=True)
    host, donor = cameras(2, seed + HELD_OUT)
    image = host.take(window(whole[int(rng.integers(len(whole)))], SIDE, rng), rng).copy()
    mask = np.zeros(image.shape[:2], bool)
    if forged:
        other = donor.take(window(whole[int(rng.integers(len(whole)))], PASTED + 16, rng), rng)
        top, left = (int(one) for one in rng.integers(0, SIDE - PASTED + 1, size=2))
        down, right = (int(one) for one in rng.integers(0, 17, size=2))
        image[top : top + PASTED, left : left + PASTED] = other[down : down + PASTED, right : right + PASTED]
        mask[top : top + PASTED, left : left + PASTED] = True
    return saved(image, quality), mask


def splices(detectors: dict[str, object], images: int, seed: int) -> None:
    """Print what detectors of splices tell on the same images, half of them spliced, for each last compression."""
    print(f"\n{images} sound and {images} spliced images of {SIDE} pixels, patches of {PASTED} from another camera")
    print(
        "| last JPEG | detector | AUC of scores | AUC of maps | hottest place inside |\n| --- | --- | --- | --- | --- |"
    )
    for quality in LAST:
        scores: dict[str, list[list[float]]] = {name: [[], []] for name in detectors}
        maps: dict[str, list[float]] = {name: [] for name in detectors}
        inside: dict[str, list[float]] = {name: [] for name in detectors}
        for number in range(images):
            for forged in (False, True):
                pixels, mask = spliced(seed + number, forged, quality)
                for name, detector in detectors.items():
                    (said,) = detector.examine([image_file(pixels)])  # type: ignore[attr-defined]
                    if not said.applies:
                        continue
                    scores[name][forged].append(said.score)
                    if forged:
                        maps[name].append(float(roc_auc_score(mask.ravel(), said.heat_map.ravel())))
                        inside[name].append(float(mask.ravel()[said.heat_map.argmax()]))
        for name in detectors:
            told = with_interval([np.array(one) for one in scores[name]], "auc")
            where = " | ".join(with_interval([np.array(one[name])], "mean") for one in (maps, inside))
            print(f"| {quality or 'none'} | {name} | {told} | {where} |", flush=True)
        first, *others = detectors
        for name in others:
            if len(maps[first]) == len(maps[name]):
                difference = np.array(maps[first]) - np.array(maps[name])
                print(f"| {quality or 'none'} | {first} less {name} | | {with_interval([difference], 'mean')} | |")


def main(words: Sequence[str] | None = None) -> int:
    """Write photographs to train on, or measure a run; 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    sub = parser.add_subparsers(dest="command", required=True)
    make = sub.add_parser("photographs", help="write photographs of simulated cameras to train on")
    make.add_argument("folder", type=Path)
    make.add_argument("--cameras", type=int, default=100)
    make.add_argument("--photographs", type=int, default=12, help="of each camera (default: 12)")
    make.add_argument("--side", type=int, default=224, help="pixels (default: 224)")
    make.add_argument("--seed", type=int, default=1)
    measure = sub.add_parser("measure", help="measure a run on held-out cameras and scenes")
    measure.add_argument("run", type=Path)
    measure.add_argument("--cameras", type=int, default=30)
    measure.add_argument("--places", type=int, default=5)
    measure.add_argument("--sides", type=int, nargs="*", default=[48, 192])
    measure.add_argument("--images", type=int, default=60, help="sound, and as many spliced (default: 60; 0: none)")
    measure.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(words)
    if options.command == "photographs":
        write_photographs(options.folder, options.cameras, options.photographs, options.side, options.seed)
        return 0
    from forensictransfer.detectors.networks.noiseprint.detector import Noiseprint
    from forensictransfer.inference.finished import finished_detector
    from forensictransfer.results.runs import RunFolder

    start = time.perf_counter()
    detector, _ = finished_detector(RunFolder.open(options.run))
    assert isinstance(detector, Noiseprint)
    residuals: dict[str, Residual] = {
        "noiseprint": detector.noiseprint,
        "third differences": third_order,
        "Laplacian": laplacian,
        "less a Gaussian": smoothed,
    }
    for side in options.sides:
        together(residuals, options.cameras, options.places, side, options.seed)
    if options.images:
        splices({"noiseprint": detector, "splicebuster": Splicebuster()}, options.images, options.seed)
    print(f"{time.perf_counter() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
