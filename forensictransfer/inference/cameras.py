"""Check images against the fingerprints of cameras: which camera took an image, if any of them did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.data.encoded import ImageError
from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.signals.prnu.absence import find_absence
from forensictransfer.detectors.signals.prnu.expectation import Expectation
from forensictransfer.detectors.signals.prnu.fingerprint import Fingerprint
from forensictransfer.detectors.signals.prnu.residual import Noise, image_noise
from forensictransfer.detectors.signals.prnu.search import SMALLEST, Searcher
from forensictransfer.inference.boxes import boxes_of
from forensictransfer.inference.inputs import folder_for_maps, images_of, nothing_read, skipped_image
from forensictransfer.inference.pictures import MapSheet
from forensictransfer.results.cameras import read_camera
from forensictransfer.results.formats.camera import AbsenceFound, CameraCheck, CameraInfo, CameraMatch, CheckedImage
from forensictransfer.results.formats.document import write_document
from forensictransfer.results.formats.skipped import SkippedImage

NAME = "cameras.json"
_SCALES = (0.05, 4.0)  # between which a size may be asked for


@dataclass(frozen=True, eq=False)
class LoadedCamera:
    """A camera that images are searched for."""

    info: CameraInfo
    searcher: Searcher
    expectations: tuple[Expectation, ...]


def check(
    paths: Sequence[str | Path],
    cameras: Sequence[str | Path],
    out: str | Path | None = None,
    *,
    scales: Sequence[float] = (),
) -> CameraCheck:
    """Check images against one camera or several.

    Args:
        paths: images, and folders that are searched at any depth.
        cameras: files that `enroll` wrote.
        out: a folder that is new or empty: a PNG of each image that bears a fingerprint, red where that is absent and
            green where it would be missed, sheet.png with all of them, cameras.json.
        scales: sizes by which crops may have been resized, besides 1; whole photographs are found at any size.
    Returns: what was found of each camera in each image; files that cannot be read are listed in it.
    Raises:
        UserError: no path, no camera, a camera file that is none, a folder that is not empty, or no image that can be
            read.
    """
    if not paths or not cameras:
        raise UserError("camera check: expected at least one image and one camera", code=ErrorCode.COMMAND_LINE)
    for scale in scales:
        if not _SCALES[0] <= scale <= _SCALES[1]:
            raise UserError(
                f"camera check: expected sizes between {_SCALES[0]:g} and {_SCALES[1]:g}, got {scale:g}",
                code=ErrorCode.COMMAND_LINE,
            )
    loaded = load_cameras(cameras)
    folder = None if out is None else folder_for_maps(out)
    sheet = None if folder is None else MapSheet(folder)
    images: list[CheckedImage] = []
    skipped: list[SkippedImage] = []
    for image in images_of(paths, skipped):
        try:
            images.append(_checked(image, loaded, scales, sheet))
        except ImageError as error:
            skipped.append(skipped_image(image.name, error))
    if not images:
        raise nothing_read(skipped)
    found = CameraCheck(images=tuple(images), skipped=tuple(skipped), sheet=None if sheet is None else sheet.write())
    if folder is not None:
        write_document(folder / NAME, found)
    return found


def load_cameras(files: Sequence[str | Path]) -> dict[str, LoadedCamera]:
    """Open camera files under the names of their cameras, those that share one under the names of their files."""
    opened = {Path(file).expanduser(): read_camera(Path(file).expanduser()) for file in files}
    names = [camera.info.name for camera in opened.values()]
    return {
        camera.info.name if names.count(camera.info.name) == 1 else str(path): LoadedCamera(
            camera.info, Searcher(camera.fingerprint), camera.expectations
        )
        for path, camera in opened.items()
    }


def _checked(
    image: ImageFile, cameras: Mapping[str, LoadedCamera], scales: Sequence[float], sheet: MapSheet | None
) -> CheckedImage:
    height, width = image.size
    noise = image_noise(image.pixels) if min(height, width) >= SMALLEST else None
    matches = [_match(name, camera, image, noise, scales) for name, camera in cameras.items()]
    found = [one for one in matches if one.found]
    best = max(found, key=lambda one: one.pce or 0.0) if found else None
    return CheckedImage(
        name=image.name,
        sha256=image.sha256,
        width=width,
        height=height,
        camera=None if best is None else best.camera,
        matches=tuple(matches),
        absence=None if best is None or noise is None else _absence(image, noise, best, cameras[best.camera], sheet),
    )


def _match(
    name: str, camera: LoadedCamera, image: ImageFile, noise: Noise | None, scales: Sequence[float]
) -> CameraMatch:
    if noise is None:
        return CameraMatch(camera=name, applies=False, reason=f"smaller than {SMALLEST} x {SMALLEST} pixels")
    match = camera.searcher.search(noise, scales)
    if match is None:
        return CameraMatch(
            camera=name,
            applies=False,
            reason=f"larger than this camera's photographs, {camera.info.width} x {camera.info.height}, "
            "and no enlarged one of them",
        )
    return CameraMatch(
        camera=name,
        found=match.found,
        pce=match.pce,
        threshold=match.threshold,
        positions=match.positions,
        log10_false_alarms=match.log10_false_alarms,
        left=match.left,
        top=match.top,
        quarters=match.quarters,
        scale=match.scale,
        enrolled=any(one.sha256 == image.sha256 for one in camera.info.photographs),
    )


def _absence(
    image: ImageFile, noise: Noise, match: CameraMatch, camera: LoadedCamera, sheet: MapSheet | None
) -> AbsenceFound:
    """Find where an image lacks the fingerprint that it bears, and draw it."""
    if match.enrolled:
        return AbsenceFound(words="no map of a file that the fingerprint was estimated from")
    if match.scale != 1:
        return AbsenceFound(words="no map of a resized image")
    if not camera.expectations:
        return AbsenceFound(
            words="no map: too few photographs were enrolled to tell how strong the fingerprint should be"
        )
    found = find_absence(noise, _beneath(camera.searcher.fingerprint, match, noise.size), camera.expectations)
    if found is None:
        return AbsenceFound(
            words="no map: too weak to be missed in any window of this image (enroll more photographs, or such as this)"
        )
    boxes = boxes_of(found.absent)
    file = None
    if sheet is not None:
        file = sheet.begin(image).add_states(match.camera, image.pixels, found.absent, found.judged & ~found.absent)
    return AbsenceFound(
        words="absent in a part of it" if boxes else "nowhere absent where it can be judged",
        side=found.side,
        judged=float(found.judged.mean()),
        absent=float(found.absent.mean()),
        places=boxes,
        map=file,
    )


def _beneath(fingerprint: Fingerprint, match: CameraMatch, size: tuple[int, int]) -> np.ndarray:
    """Cut out the part of a fingerprint that an image of (h, w) lies on, turned as the image is."""
    assert match.top is not None and match.left is not None and match.quarters is not None
    height, width = size if match.quarters % 2 == 0 else size[::-1]
    part = fingerprint.pattern[match.top : match.top + height, match.left : match.left + width]
    return np.ascontiguousarray(np.rot90(part, -match.quarters))
