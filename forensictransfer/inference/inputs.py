"""What is given to look at: images, folders of them, and a folder for what is found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import check_folder
from forensictransfer.data.encoded import ImageError
from forensictransfer.data.folders.layout import SUFFIXES
from forensictransfer.data.folders.walk import files_below
from forensictransfer.data.image_file import ImageFile
from forensictransfer.results.formats.inspection import SkippedImage


def folder_for_maps(out: str | Path) -> Path:
    """Make a folder for maps. Raises UserError unless it is new or empty, and can be written."""
    folder = Path(out).expanduser()
    check_folder(folder)
    if folder.exists() and any(folder.iterdir()):
        raise UserError(
            f"{folder}: expected a new or empty folder for the maps; choose another one", code=ErrorCode.PATH_EXISTS
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: cannot be made: {error.strerror}", code=ErrorCode.PATH_NOT_WRITABLE) from error
    return folder


def images_of(paths: Sequence[str | Path], skipped: list[SkippedImage]) -> Iterator[ImageFile]:
    """Yield the images of all paths; what is no image or folder is added to `skipped`."""
    for path in map(Path, paths):
        if not path.is_dir():
            if path.exists():
                yield ImageFile(path)
            else:
                skipped.append(
                    SkippedImage(name=str(path), reason="there is no such file or folder", code=ErrorCode.PATH_MISSING)
                )
            continue
        found = [one for one in files_below(path)[0] if one.lower().endswith(SUFFIXES)]
        if not found:
            skipped.append(
                SkippedImage(name=str(path), reason="there are no images in this folder", code=ErrorCode.TOO_FEW_IMAGES)
            )
        yield from map(ImageFile, found)


def skipped_image(name: str, error: ImageError) -> SkippedImage:
    """Say of an image that could not be read why it was skipped."""
    return SkippedImage(name=name, reason=error.reason, code=error.code)


def nothing_read(skipped: Sequence[SkippedImage]) -> UserError:
    """Build the error of images none of which could be used: the reason of the first."""
    one, more = skipped[0], f" ({len(skipped) - 1} more were skipped)" if len(skipped) > 1 else ""
    return UserError(f"{one.name}: {one.reason}{more}", code=ErrorCode(one.code))
