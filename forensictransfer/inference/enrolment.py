"""Estimate a camera's fingerprint from photographs that it took, and ask of each whether it belongs to the others.

Two planes of sums and one photograph are in memory at a time, however many there are.
"""

from __future__ import annotations

import dataclasses
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import now
from forensictransfer.core.progress import ProgressBar
from forensictransfer.core.version import __version__
from forensictransfer.data.encoded import ImageError
from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.signals.prnu import THRESHOLD
from forensictransfer.detectors.signals.prnu.expectation import SIDES, Sample, fit_expectation, measured
from forensictransfer.detectors.signals.prnu.fingerprint import FingerprintSum
from forensictransfer.detectors.signals.prnu.residual import Noise, cleaned, raw_noise
from forensictransfer.detectors.signals.prnu.search import SMALLEST, zero_shift_energy
from forensictransfer.inference.inputs import images_of, nothing_read, skipped_image
from forensictransfer.results.cameras import Camera, check_camera_file, write_camera
from forensictransfer.results.formats.camera import CameraInfo, EnrolledPhotograph, ExpectedCorrelation
from forensictransfer.results.formats.skipped import SkippedImage

_log = logging.getLogger(__name__)

FEWEST = 2  # photographs that anything can be estimated from
FLAT_WORTH = 3  # an even photograph tells as much as three others
ENOUGH = 30  # photographs, an even one counted as FLAT_WORTH
MOST_ASKED = 50  # photographs that are compared with the fingerprint of the others
_EVEN = 3.0  # deviation of blocks' means within windows that an even photograph stays below, grey levels
_WINDOW, _BLOCK = 64, 8


def enroll(
    paths: Sequence[str | Path], out: str | Path, name: str | None = None, *, overwrite: bool = False
) -> CameraInfo:
    """Estimate a camera's fingerprint from its photographs and write it to a file.

    Args:
        paths: photographs, and folders that are searched at any depth. Those that are not of the size that most have,
            as stored, are skipped; so are copies and what cannot be read.
        out: the file to write, .npz. name: of the camera (default: the file's). overwrite: replace a camera there.
    Returns: what is known of the camera.
    Raises:
        UserError: no path, fewer than two photographs of one size, or a file that cannot be written.
    """
    if not paths:
        raise UserError("camera enroll: expected at least one photograph or folder", code=ErrorCode.COMMAND_LINE)
    file = Path(out).expanduser()
    check_camera_file(file, overwrite=overwrite)
    skipped: list[SkippedImage] = []
    chosen, (height, width) = _of_one_size(paths, skipped)
    total = FingerprintSum(height, width)
    enrolled: list[EnrolledPhotograph] = []
    files: list[ImageFile] = []
    for image in ProgressBar(chosen, desc="reading the noise of", unit="photograph"):
        try:
            noise = _stored_noise(image)
            sha256 = image.sha256
        except ImageError as error:
            skipped.append(skipped_image(image.name, error))
            continue
        total.add(noise)
        enrolled.append(EnrolledPhotograph(name=image.name, sha256=sha256, flat=is_even(noise)))
        files.append(_fresh(image))
    if total.count < FEWEST:
        raise _too_few(skipped, total.count)
    compared, samples = _compared(total, files, enrolled)
    enrolled = _without_strangers(total, files, compared, skipped)
    if total.count < FEWEST:
        raise _too_few(skipped, total.count)
    info = CameraInfo(
        name=name or file.stem,
        width=width,
        height=height,
        created=now(),
        version=__version__,
        photographs=tuple(enrolled),
        expected=_expected([samples[one.sha256] for one in enrolled if one.sha256 in samples and not one.doubtful]),
        skipped=tuple(skipped),
    )
    write_camera(file, Camera(info, total.estimate()))
    _warn(info)
    return info


def is_even(noise: Noise) -> bool:
    """Tell whether a photograph shows an even area: in most windows the means of blocks hardly differ."""
    height, width = (side // _WINDOW * _WINDOW for side in noise.size)
    if not height or not width:
        return False
    inner = _WINDOW // _BLOCK
    blocks = noise.luma[:height, :width].reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK).mean(axis=(1, 3))
    windows = blocks.reshape(height // _WINDOW, inner, width // _WINDOW, inner)
    return float(np.median(windows.std(axis=(1, 3)))) < _EVEN


def _fresh(image: ImageFile) -> ImageFile:
    """Drop what was read of an image."""
    return ImageFile(image.source, name=image.name)


def _stored_noise(image: ImageFile) -> Noise:
    return raw_noise(image.as_stored(image.pixels))


def _of_one_size(paths: Sequence[str | Path], skipped: list[SkippedImage]) -> tuple[list[ImageFile], tuple[int, int]]:
    """Choose the photographs of the size that most have, each once; the others are added to `skipped`."""
    sizes: dict[str, tuple[ImageFile, tuple[int, int]]] = {}
    for image in images_of(paths, skipped):
        try:
            if image.sha256 in sizes:
                reason = f"the same file as {sizes[image.sha256][0].name}"
                skipped.append(SkippedImage(name=image.name, reason=reason, code=ErrorCode.PHOTOGRAPH_UNSUITABLE))
            else:
                sizes[image.sha256] = _fresh(image), (image.container.height, image.container.width)
        except ImageError as error:
            skipped.append(skipped_image(image.name, error))
    if not sizes:
        raise nothing_read(skipped)
    most = Counter(size for _, size in sizes.values()).most_common(1)[0][0]
    chosen = []
    for image, (height, width) in sizes.values():
        if (height, width) == most:
            chosen.append(image)
            continue
        reason = f"is stored as {width} x {height} pixels, most are {most[1]} x {most[0]}"
        skipped.append(SkippedImage(name=image.name, reason=reason, code=ErrorCode.PHOTOGRAPH_UNSUITABLE))
    if min(most) < SMALLEST:
        raise UserError(
            f"camera enroll: photographs of {most[1]} x {most[0]} pixels, expected at least {SMALLEST} x {SMALLEST}",
            code=ErrorCode.IMAGE_LAYOUT_UNSUPPORTED,
        )
    return chosen, most


def _compared(
    total: FingerprintSum, files: Sequence[ImageFile], enrolled: Sequence[EnrolledPhotograph]
) -> tuple[list[EnrolledPhotograph], dict[str, dict[int, Sample]]]:
    """Measure for some of the photographs, spread evenly, whether they bear the fingerprint of the others.

    Returns all of them, and of those that were compared, by SHA-256, what their windows show.
    """
    asked = set(np.linspace(0, len(files) - 1, min(MOST_ASKED, len(files))).round().astype(int).tolist())
    found, samples = [], {}
    with ProgressBar(desc="comparing with the others", unit="photograph", total=len(asked)) as bar:
        for number, (file, one) in enumerate(zip(files, enrolled, strict=True)):
            if number not in asked:
                found.append(one)
                continue
            raw = _stored_noise(file)
            others = total.estimate(without=raw)
            noise = Noise(cleaned(raw.residual), raw.luma, raw.usable)
            found.append(one.model_copy(update={"pce": zero_shift_energy(noise, others)}))
            samples[one.sha256] = measured(noise, others.pattern)
            bar.update()
    return found, samples


def _expected(samples: Sequence[Mapping[int, Sample]]) -> tuple[ExpectedCorrelation, ...]:
    """Fit how strong the correlation of windows should be, for each side that there is enough of."""
    fits = (fit_expectation([one[side] for one in samples if side in one]) for side in SIDES)
    return tuple(ExpectedCorrelation(**dataclasses.asdict(fit)) for fit in fits if fit is not None)


def _without_strangers(
    total: FingerprintSum,
    files: Sequence[ImageFile],
    enrolled: Sequence[EnrolledPhotograph],
    skipped: list[SkippedImage],
) -> list[EnrolledPhotograph]:
    """Take out of the sums what does not bear the fingerprint of the others, where at least half of them do.

    One photograph of another camera among six makes that camera's photographs pass for this one's.
    """
    asked = [one for one in enrolled if one.pce is not None]
    strangers = [one for one in asked if one.doubtful]
    if 2 * len(strangers) > len(asked):
        _log.warning(
            "%d of %d photographs do not bear the fingerprint of the others: of several cameras, edited, or too few",
            len(strangers),
            len(asked),
        )
        return list(enrolled)
    kept = []
    for file, one in zip(files, enrolled, strict=True):
        if not one.doubtful:
            kept.append(one)
            continue
        total.remove(_stored_noise(file))
        reason = (
            f"does not bear the fingerprint of the others (PCE {one.pce:.1f}, expected above {THRESHOLD:g}): of "
            "another camera, edited, too dark or too full of detail"
        )
        skipped.append(SkippedImage(name=one.name, reason=reason, code=ErrorCode.PHOTOGRAPH_UNSUITABLE))
    return kept


def _warn(info: CameraInfo) -> None:
    flat = sum(one.flat for one in info.photographs)
    if FLAT_WORTH * flat + len(info.photographs) - flat < ENOUGH:
        _log.warning(
            "%s: %d photographs, %d of them even: ten even ones (sky, a wall) or %d others make a sure fingerprint",
            info.name,
            len(info.photographs),
            flat,
            ENOUGH,
        )


def _too_few(skipped: Sequence[SkippedImage], count: int) -> UserError:
    why = "; ".join(f"{one.name}: {one.reason}" for one in skipped[:3])
    return UserError(
        f"camera enroll: expected at least {FEWEST} different photographs of one size, found {count}"
        + (f" ({why})" if why else ""),
        code=ErrorCode.TOO_FEW_IMAGES,
    )
