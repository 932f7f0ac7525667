"""Pictures of single test images: the surest mistakes and right verdicts, whole and where the evidence is strongest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from forensictransfer.core import files
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.settings import EvaluateSettings
from forensictransfer.data.images import Images
from forensictransfer.data.records import FAKE, REAL
from forensictransfer.data.tiles import Place, cut, tile_places
from forensictransfer.detectors.trainable import TrainableDetector
from forensictransfer.results.formats.document import write_document
from forensictransfer.results.formats.pictures import PicturedImage, PicturedImages

SIDE = 128  # pixels of a picture of a crop at most
PHOTOGRAPH_SIDE = 240  # pixels of a whole photograph at most
# What the page calls a picture, and what `Detector.pictures` calls it.
_PICTURES = {"crop": "crops", "input": "what the encoder is fed", "reconstruction": "reconstruction"}


def write_pictures(
    folder: Path,
    detector: TrainableDetector,
    images: Images,
    labels: np.ndarray,
    scores: np.ndarray,
    probabilities: np.ndarray,
    threshold: float,
    *,
    evaluate: EvaluateSettings,
    each: int = 2,
    reconstruction: bool = True,
) -> None:
    """Write `folder`/pictures/: the images chosen by `choose`, one crop of each, and pictures.json that lists them.

    Of each image there is the whole photograph, made smaller (JPEG of at most 240 pixels: it shows where the crop lies,
    its traces are gone), and the place of the crop in it: `place` (top, left, height, width) and `size` (height, width)
    in pixels of the test image.

    Shown of the crop is the tile that speaks loudest for the verdict: the one of the largest a_1 - a_0 where fake is
    called, of the smallest where real is called, with what the encoder is fed and the reconstruction
    (`Detector.pictures`; a detector that has only crops gives only crops). These files are PNG of at most 128 pixels:
    larger crops are cut to their centre, never scaled. The same images and weights give the same bytes.

    detector: with the weights that the scores were computed with. labels, scores, probabilities: (n,), in the order of
    `images`. threshold: fake is called above it. evaluate: what the images were scored with. each: how many
    false alarms and misses at most. reconstruction: False where an adaptation has left the decoder behind, so that it
    shows nothing. Pictures that stand there already are replaced.
    """
    chosen = choose(labels, scores, probabilities, threshold, each)
    listed: list[PicturedImage] = []
    with files.new_folder(folder / "pictures", replaces=_check_pictures) as place:
        for number, (index, why) in enumerate(chosen):
            fake = bool(scores[index] > threshold)
            image = images[index]
            top, left = loudest_place(detector, image, fake, evaluate)
            tile = cut(image, [Place(top, left)], detector.crop)[0]
            # One at a time: the stretch of a picture's grey values must not depend on what is beside it.
            shown = detector.pictures(tile[None])
            names = {"photograph": f"{number}-photograph.jpg"}
            _write_photograph(place / names["photograph"], image)
            for name, key in _PICTURES.items():
                if key in shown and (reconstruction or name != "reconstruction"):
                    names[name] = f"{number}-{name}.png"
                    _write_png(place / names[name], shown[key][0])
            listed.append(
                PicturedImage(
                    name=images.records[index].name,
                    label=int(labels[index]),
                    score=float(scores[index]),
                    probability=float(probabilities[index]),
                    threshold=float(threshold),
                    why=why,
                    files=names,
                    place=(int(top), int(left), detector.crop, detector.crop),
                    size=(image.shape[0], image.shape[1]),
                )
            )
        write_document(place / "pictures.json", PicturedImages(tuple(listed)))


def _check_pictures(folder: Path) -> None:
    """Raise UserError unless a folder holds pictures that were written here."""
    if not (folder / "pictures.json").is_file():
        raise UserError(
            f"{folder}: holds other files and no pictures.json, and is not replaced; move it away",
            code=ErrorCode.PATH_EXISTS,
        )


def choose(
    labels: np.ndarray, scores: np.ndarray, probabilities: np.ndarray, threshold: float, each: int
) -> list[tuple[int, str]]:
    """Choose the images to show, as (index, why): false alarms, misses, the surest right real, the surest right fake.

    The surest is the one of the highest probability for what was called; of equal ones that whose score is farther
    from the threshold, then the earlier. There are fewer where there are not as many.
    """
    labels, called = np.asarray(labels), np.asarray(scores) > threshold
    groups = (
        (REAL, True, each, "most confident false alarm"),
        (FAKE, False, each, "most confident miss"),
        (REAL, False, 1, "most confident right real"),
        (FAKE, True, 1, "most confident right fake"),
    )
    found: list[tuple[int, str]] = []
    for label, fake, most, why in groups:
        indices = np.flatnonzero((labels == label) & (called == fake))
        sign = -1 if fake else 1
        order = np.lexsort((indices, sign * np.asarray(scores)[indices], sign * np.asarray(probabilities)[indices]))
        found += [(int(index), why) for index in indices[order][:most]]
    return found


def loudest_place(detector: TrainableDetector, image: np.ndarray, fake: bool, evaluate: EvaluateSettings) -> Place:
    """Find the tile with the most evidence for the verdict, the first of equal ones.

    image: uint8 (h, w, 3). The tiles are those that the image was scored by.
    """
    stride = min(evaluate.stride, detector.crop)
    height, width = image.shape[:2]
    places = tile_places(height, width, crop=detector.crop, stride=stride, max_tiles=evaluate.max_tiles)
    scores = detector.analyse_tiles(cut(image, places, detector.crop), evaluate.batch).scores
    return places[int(np.argmax(scores if fake else -scores))]


def _write_photograph(path: Path, image: np.ndarray) -> None:
    """Write a whole image (h, w, 3) uint8, scaled down where it is larger than 240 pixels."""
    photograph = Image.fromarray(image)
    photograph.thumbnail((PHOTOGRAPH_SIDE, PHOTOGRAPH_SIDE), Image.Resampling.LANCZOS)
    # Every option that the bytes depend on is given.
    photograph.save(path, format="JPEG", quality=82, subsampling=2, optimize=False, progressive=False)


def _write_png(path: Path, picture: np.ndarray) -> None:
    """Write a picture (h, w, 3) of values in [0, 1], cut to its centre where it is larger than 128 pixels."""
    top, left = (max(0, side - SIDE) // 2 for side in picture.shape[:2])
    values = np.clip(np.rint(picture[top : top + SIDE, left : left + SIDE] * 255), 0, 255).astype(np.uint8)
    # Every option that the bytes depend on is given.
    Image.fromarray(values).save(path, format="PNG", optimize=False, compress_level=9)
