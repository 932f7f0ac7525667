"""Read and write patterns, as fingerprints are: an NPZ of the values and what is known of them, a `Document`."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import check_folder, writing
from forensictransfer.data.image_file import MOST_PIXELS
from forensictransfer.results.formats.document import document_content, parse_document
from forensictransfer.results.places import check_output

SUFFIX = ".npz"
_MOST_TEXT = 64 << 20  # bytes of what is said of a pattern
_TROUBLE = (ValueError, TypeError, KeyError, EOFError, OSError, MemoryError, zipfile.BadZipFile, zlib.error)


class Sized(Protocol):
    """What is known of a pattern, among it its size."""

    @property
    def height(self) -> int:
        """Rows."""
        ...

    @property
    def width(self) -> int:
        """Columns."""
        ...


Info = TypeVar("Info", bound=Sized)


@dataclass(frozen=True)
class PatternFile(Generic[Info]):
    """Files of one kind of patterns. kind: the class of what is known. noun, made_by, material: for messages."""

    kind: type[Info]
    noun: str
    made_by: str
    material: str

    def check(self, path: Path, *, overwrite: bool = False) -> None:
        """Raise UserError unless one may be written to `path`: an .npz, in a folder, that is new or one of them."""
        if path.suffix.lower() != SUFFIX:
            raise UserError(f"{path}: expected a file that ends in {SUFFIX}", code=ErrorCode.PATH_WRONG_KIND)
        if path.is_dir():
            raise UserError(f"{path}: expected a file to write to, got a folder", code=ErrorCode.PATH_WRONG_KIND)
        check_output(path)
        check_folder(path.absolute().parent)
        if not path.exists():
            return
        if not overwrite:
            raise UserError(f"{path}: exists already; --overwrite replaces it", code=ErrorCode.PATH_EXISTS)
        self.read_info(path)  # nothing else is ever replaced

    def write(self, path: Path, info: Info, pattern: np.ndarray) -> None:
        """Write a pattern, whole or not at all.

        It is kept in half precision, in units of its own deviation: its error is a thousandth of what is in it.
        """
        unit = float(pattern.std(dtype=np.float64)) or 1.0
        about = json.dumps(document_content(info), ensure_ascii=False)
        path.absolute().parent.mkdir(parents=True, exist_ok=True)
        with writing(path) as temporary, temporary.open("wb") as file:
            np.savez(
                file,
                allow_pickle=False,
                about=np.frombuffer(about.encode("utf-8", "backslashreplace"), np.uint8),
                pattern=(pattern / unit).astype(np.float16),
                unit=np.float64(unit),
            )

    def read_info(self, path: Path) -> Info:
        """Read what is known of a pattern. Raises UserError for a file that is missing, none of them, or damaged."""
        return self._read(path, pattern=False)[0]

    def read(self, path: Path) -> tuple[Info, np.ndarray]:
        """Read a pattern, float32 (h, w), and what is known of it.

        Raises UserError for a file that is missing, none of these, of another format, or damaged.
        """
        info, pattern = self._read(path, pattern=True)
        assert pattern is not None
        return info, pattern

    def invalid(self, path: Path) -> UserError:
        """Build the error of a file that is none of these."""
        return UserError(
            f"{path}: is no {self.noun} file, or damaged; `{self.made_by}` makes one from {self.material}",
            code=ErrorCode.FILE_INVALID,
        )

    def _read(self, path: Path, *, pattern: bool) -> tuple[Info, np.ndarray | None]:
        if not path.exists():
            raise UserError(f"{path}: there is no such {self.noun} file", code=ErrorCode.PATH_MISSING)
        if path.is_dir():
            raise UserError(f"{path}: expected a {self.noun} file, got a folder", code=ErrorCode.PATH_WRONG_KIND)
        try:
            with zipfile.ZipFile(path) as archive:
                sizes = {one.filename: one.file_size for one in archive.infolist()}
                if sizes["about.npy"] > _MOST_TEXT or sizes["pattern.npy"] > 2 * MOST_PIXELS + 1024:
                    raise ValueError(f"larger than a {self.noun} can be")
                content = json.loads(_array(archive, "about").tobytes().decode("utf-8"))
                values = _array(archive, "pattern") if pattern else None
                unit = float(_array(archive, "unit")) if pattern else 1.0
        except _TROUBLE as error:
            if isinstance(error, OSError) and error.strerror:
                raise UserError(
                    f"{path}: cannot be read: {error.strerror}", code=ErrorCode.PATH_NOT_READABLE
                ) from error
            raise self.invalid(path) from error
        info = parse_document(path, content, self.kind, f"enroll the {self.noun} again")
        if values is None:
            return info, None
        if values.dtype != np.float16 or values.shape != (info.height, info.width) or not np.isfinite(values).all():
            raise self.invalid(path)
        if not np.isfinite(unit) or unit <= 0:
            raise self.invalid(path)
        return info, values.astype(np.float32) * np.float32(unit)


def _array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    found: np.ndarray = np.lib.format.read_array(io.BytesIO(archive.read(f"{name}.npy")), allow_pickle=False)
    return found
