"""What is given to look at: images, folders of them, and a folder for what is found."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import check_folder
from forensictransfer.data.encoded import ImageError
from forensictransfer.data.folders.layout import SUFFIXES
from forensictransfer.data.folders.walk import files_below
from forensictransfer.data.image_file import ImageFile
from forensictransfer.results.formats.skipped import SkippedImage


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


def named_files(paths: Iterable[str | Path]) -> Iterator[Path | SkippedImage]:
    """List the files that paths name: files, the images of folders at any depth, and what patterns (`a/**/*.jpg`) find.

    What names nothing is told as skipped.
    """
    for path in map(Path, paths):
        if path.is_dir():
            found = [one for one in files_below(path)[0] if one.lower().endswith(SUFFIXES)]
            why, code = "there are no images in this folder", ErrorCode.TOO_FEW_IMAGES
        elif path.exists() or not glob.has_magic(str(path)):
            found = [str(path)] if path.exists() else []
            why, code = "there is no such file or folder", ErrorCode.PATH_MISSING
        else:
            found = sorted(one for one in glob.iglob(str(path), recursive=True) if not Path(one).is_dir())
            why, code = "no file is named like this", ErrorCode.PATH_MISSING
        yield from map(Path, found)
        if not found:
            yield SkippedImage(name=printable(str(path)), reason=why, code=code)


def images_of(paths: Sequence[str | Path], skipped: list[SkippedImage]) -> Iterator[ImageFile]:
    """Yield the images of all paths (`named_files`); what is no image or folder is added to `skipped`."""
    for one in named_files(paths):
        if isinstance(one, SkippedImage):
            skipped.append(one)
        else:
            yield ImageFile(one)


def printable(name: str) -> str:
    """Write a name as UTF-8 can hold it: bytes of a file name that are none as escapes."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def skipped_image(name: str, error: ImageError) -> SkippedImage:
    """Say of an image that could not be read why it was skipped."""
    return SkippedImage(name=printable(name), reason=error.reason, code=error.code)


def nothing_read(skipped: Sequence[SkippedImage]) -> UserError:
    """Build the error of images none of which could be used: the reason of the first."""
    one, more = skipped[0], f" ({len(skipped) - 1} more were skipped)" if len(skipped) > 1 else ""
    return UserError(f"{one.name}: {one.reason}{more}", code=ErrorCode(one.code))
