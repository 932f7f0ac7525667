"""Check images against the fingerprints of cameras: which camera took an image, if any of them did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.data.encoded import ImageError
from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.signals.prnu.residual import Noise, image_noise
from forensictransfer.detectors.signals.prnu.search import SMALLEST, Searcher
from forensictransfer.inference.inputs import images_of, nothing_read, skipped_image
from forensictransfer.results.cameras import read_camera
from forensictransfer.results.formats.camera import CameraCheck, CameraInfo, CameraMatch, CheckedImage
from forensictransfer.results.formats.inspection import SkippedImage

_SCALES = (0.05, 4.0)  # between which a size may be asked for


@dataclass(frozen=True, eq=False)
class LoadedCamera:
    """A camera that images are searched for."""

    info: CameraInfo
    searcher: Searcher


def check(paths: Sequence[str | Path], cameras: Sequence[str | Path], *, scales: Sequence[float] = ()) -> CameraCheck:
    """Check images against one camera or several.

    Args:
        paths: images, and folders that are searched at any depth.
        cameras: files that `enroll` wrote.
        scales: sizes by which crops may have been resized, besides 1; whole photographs are found at any size.
    Returns: what was found of each camera in each image; files that cannot be read are listed in it.
    Raises:
        UserError: no path, no camera, a camera file that is none, or no image that can be read.
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
    images: list[CheckedImage] = []
    skipped: list[SkippedImage] = []
    for image in images_of(paths, skipped):
        try:
            images.append(_checked(image, loaded, scales))
        except ImageError as error:
            skipped.append(skipped_image(image.name, error))
    if not images:
        raise nothing_read(skipped)
    return CameraCheck(images=tuple(images), skipped=tuple(skipped))


def load_cameras(files: Sequence[str | Path]) -> dict[str, LoadedCamera]:
    """Open camera files under the names of their cameras, those that share one under the names of their files."""
    opened = {Path(file).expanduser(): read_camera(Path(file).expanduser()) for file in files}
    names = [camera.info.name for camera in opened.values()]
    return {
        camera.info.name if names.count(camera.info.name) == 1 else str(path): LoadedCamera(
            camera.info, Searcher(camera.fingerprint)
        )
        for path, camera in opened.items()
    }


def _checked(image: ImageFile, cameras: Mapping[str, LoadedCamera], scales: Sequence[float]) -> CheckedImage:
    height, width = image.size
    noise = image_noise(image.pixels) if min(height, width) >= SMALLEST else None
    matches = [_match(name, camera, image, noise, scales) for name, camera in cameras.items()]
    found = [one for one in matches if one.found]
    return CheckedImage(
        name=image.name,
        sha256=image.sha256,
        width=width,
        height=height,
        camera=max(found, key=lambda one: one.pce or 0.0).camera if found else None,
        matches=tuple(matches),
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
