"""Measure the consistency of patches: photographs to learn from, attributes on others, splices; see README.md here."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.mosaics import image_file, saved
from benchmarks.simulated_cameras import SimulatedCamera, cameras, scenes, window, write_photographs
from benchmarks.splices import with_interval
from forensictransfer.data.cameras.folders import open_camera_folder
from forensictransfer.data.cameras.photographs import CameraPhotographs
from forensictransfer.data.images import Images
from forensictransfer.data.tiles import Place
from forensictransfer.detectors.networks.exif_consistency.consistency import consensus, normalised_cut
from forensictransfer.detectors.networks.exif_consistency.detector import ExifConsistency
from forensictransfer.detectors.networks.exif_consistency.histories import History
from forensictransfer.detectors.networks.exif_consistency.patches import between, grid
from forensictransfer.detectors.signals.splicebuster.detector import Splicebuster
from forensictransfer.evaluation.localisation import against_mask

ISO = (100, 200, 400, 800)  # by the noise of a camera, least to most
SHARPNESS = (1, 0, 2)  # soft, normal, hard as EXIF numbers them: by a camera's sharpening, least to most
SIDE = 256  # of photographs and of splices, pixels
PASTED = (80, 128)  # sides of what is pasted in
MADE_KINDS = ("JPEG", "blur", "resize")  # in the order of a history's codes
KINDS = (*MADE_KINDS, "camera", "nothing")  # what a pasted part differs in, besides its scene
Method = dict[str, tuple[float, np.ndarray]]  # score and map by name


def entries(camera: SimulatedCamera) -> Image.Exif:
    """Write what a camera does to pixels as EXIF entries: name, program, sensitivity, sharpness."""
    exif = camera.entries()
    exif[ExifTags.Base.Software] = camera.demosaic
    more = exif.get_ifd(ExifTags.IFD.Exif)
    more[ExifTags.Base.ISOSpeedRatings] = ISO[min(int((camera.gain - 0.005) / 0.045 * len(ISO)), len(ISO) - 1)]
    more[ExifTags.Base.Sharpness] = SHARPNESS[min(int(camera.sharpening * len(SHARPNESS)), len(SHARPNESS) - 1)]
    return exif


def attributes(detector: ExifConsistency, folder: Path, batches: int, seed: int) -> None:
    """Print the balanced accuracy of each attribute on pairs of patches, with 95 % by a bootstrap over photographs."""
    from forensictransfer.core.settings import load_settings

    settings = load_settings(None, {"data.crop": detector.side, "train.batch": 64, "seed": seed})
    found = open_camera_folder(
        folder, settings.data, fewest=1, smallest=detector.smallest_photograph(settings), by_camera=False
    )
    photographs = CameraPhotographs(Images(found.domain.records, data=settings.data), found.cameras, fewest=1)
    answers = detector.answers(photographs, settings, batches)
    rng, number = np.random.default_rng(seed), len(photographs.images)
    drawn = rng.multinomial(number, np.full(number, 1 / number), 1000)
    print("| attribute | pairs that agree, do not | balanced accuracy | counts |\n| --- | --- | --- | --- |")
    for name, share, one in zip(detector.attributes, detector.shares, answers, strict=True):
        values = [one.accuracy(counts[one.first] * counts[one.second]) for counts in drawn]
        low, high = np.nanquantile(values, (0.025, 0.975))
        agree = int(one.same.sum())
        counts = f"{agree:,}, {len(one.same) - agree:,}"
        print(f"| {name} | {counts} | {one.accuracy():.3f} [{low:.3f}, {high:.3f}] | {share:.2f} |")


def spliced(seed: int, kind: str | None, *, held_out: bool) -> tuple[np.ndarray, np.ndarray]:
    """Make a picture, uint8 (SIDE, SIDE, 3), and where another scene was pasted in, bool; kind None: nowhere."""
    rng, whole = np.random.default_rng([seed, 5]), scenes(held_out=held_out)
    ours, theirs = cameras(2, 2_000_000 + seed)
    host, donor = (int(one) for one in rng.choice(len(whole), 2, replace=False))
    history = History.draw(rng)
    image = taken(ours, history, whole[host], np.random.default_rng([seed, 6]))
    mask = np.zeros(image.shape[:2], bool)
    if kind is None:
        return image, mask
    other = history
    if kind in MADE_KINDS:
        number = MADE_KINDS.index(kind)
        other = history.with_level(number, history.other(number, rng).codes[number])
    foreign = taken(theirs if kind == "camera" else ours, other, whole[donor], np.random.default_rng([seed, 7]))
    height, width = (int(one) for one in rng.integers(PASTED[0], PASTED[1] + 1, 2))
    top, left, down, right = (int(rng.integers(0, SIDE - one + 1)) for one in (height, width, height, width))
    image = image.copy()
    image[top : top + height, left : left + width] = foreign[down : down + height, right : right + width]
    mask[top : top + height, left : left + width] = True
    return image, mask


def taken(camera: SimulatedCamera, history: History, whole: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Take a photograph, uint8 (SIDE, SIDE, 3), that goes through a history."""
    photograph = camera.take(window(whole, history.window(SIDE), rng), rng)
    down, right = (int(one) for one in rng.integers(0, 8, 2))
    return history.apply(photograph, SIDE, (down, right))[:SIDE, :SIDE]


def consistent(detector: ExifConsistency, pixels: np.ndarray) -> Method:
    """Say by both ways what does not belong to an image."""
    size = (pixels.shape[0], pixels.shape[1])
    tops, lefts = grid(*size, detector.side)
    matrix = detector.consistency(pixels, [Place(top, left) for top in tops for left in lefts])
    shape = (len(tops), len(lefts))
    mode = consensus(matrix)
    part, cut = normalised_cut(matrix)
    return {
        "mean shift": (float(1 - mode.mean()), between((1 - mode).reshape(shape), tops, lefts, detector.side, size)),
        "normalised cut": (2 - cut, between(nearness(matrix, part).reshape(shape), tops, lefts, detector.side, size)),
    }


def nearness(matrix: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Compute c / (c + d) of each patch, c and d its mean consistency with a part, bool (n,), and with the others.

    One half where a patch is as consistent with either, or neither part has a patch.
    """
    if part.all() or not part.any():
        return np.full(len(part), 0.5)
    inside, outside = matrix[:, part].mean(axis=1) + 1e-6, matrix[:, ~part].mean(axis=1) + 1e-6
    found: np.ndarray = inside / (inside + outside)
    return found


def by_splicebuster(pixels: np.ndarray) -> Method:
    """Say the same by splicebuster."""
    (said,) = Splicebuster().examine([image_file(pixels)])
    return {"splicebuster": (said.score, said.heat_map if said.heat_map is not None else np.zeros(pixels.shape[:2]))}


def splices(detector: ExifConsistency, images: int, seed: int, last: int | None, *, held_out: bool) -> None:
    """Print, for each kind of splice and each way, what scores and maps are worth.

    AUC of scores against sound pictures, and against pictures into which a part was pasted that differs in nothing but
    its scene: what is found of the difference itself.
    """
    found: dict[tuple[str, str | None], list[tuple[float, dict[str, float]]]] = {}
    for kind in (None, *KINDS):
        for number in range(images):
            pixels, mask = spliced(seed + number, kind, held_out=held_out)
            pixels = saved(pixels, last)
            for name, (score, heat) in {**consistent(detector, pixels), **by_splicebuster(pixels)}.items():
                worth = against_mask(heat, mask) if kind is not None else {}
                found.setdefault((name, kind), []).append((score, worth))
    print(f"{images} sound pictures, {images} of each kind; last JPEG: {last or 'none'}")
    print("| differs in | by | AUC, sound | AUC, nothing | AUC of pixels (middle) | best F1 (middle) | F1 above 0.5 |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for kind in KINDS:
        for name in sorted({name for name, _ in found}):
            sound, alike = (
                np.array([score for score, _ in found[name, one] if score == score]) for one in (None, "nothing")
            )
            fakes = [(score, worth) for score, worth in found[name, kind] if score == score]
            scores = np.array([score for score, _ in fakes])
            aucs = [
                with_interval([one, scores], "auc") if one is not alike or kind != "nothing" else ""
                for one in (sound, alike)
            ]
            means = {
                key: with_interval([np.array([worth[key] for _, worth in fakes])], "mean")
                for key in ("pixel_auc", "pixel_f1_best", "pixel_f1")
            }
            middle = [np.mean([worth[key] for _, worth in fakes]) for key in ("centre_auc", "centre_f1_best")]
            print(
                f"| {kind} | {name} | {' | '.join(aucs)} | {means['pixel_auc']} ({middle[0]:.3f}) | "
                f"{means['pixel_f1_best']} ({middle[1]:.3f}) | {means['pixel_f1']} |",
                flush=True,
            )


def main(words: Sequence[str] | None = None) -> int:
    """Write photographs, or measure a model; 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, metavar="DIR", help="write photographs, DIR/learn and DIR/others")
    parser.add_argument("--model", type=Path, help="a run's model.keras")
    parser.add_argument("--photos", type=Path, help="photographs that attributes are measured on, DIR/others")
    parser.add_argument("--images", type=int, default=0, help="splices of each kind, and as many sound pictures")
    parser.add_argument("--last", type=int, help="quality of a JPEG over the whole picture (default: none)")
    parser.add_argument("--validation", action="store_true", help="on scenes that are learned from, to choose by")
    parser.add_argument("--seed", type=int, default=1000)
    options = parser.parse_args(words)
    start = time.perf_counter()
    if options.write is not None:
        write_photographs(options.write / "learn", 60, 12, SIDE, 1, entries=entries)
        write_photographs(options.write / "others", 16, 12, SIDE, 2, held_out=True, entries=entries)
    if options.model is not None:
        detector = ExifConsistency.create(64)
        detector.load_pretrained(options.model)
        if options.photos is not None:
            attributes(detector, options.photos, 40, options.seed)
        if options.images:
            splices(detector, options.images, options.seed, options.last, held_out=not options.validation)
    print(f"{time.perf_counter() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
