"""The folder into which the user extracted a data set's files, and what to say when they are not as expected."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from forensictransfer.core.csv_rows import MissingColumns, csv_rows
from forensictransfer.core.errors import ErrorCode, UserError, nearest
from forensictransfer.data.catalogue.data_sets import Facts
from forensictransfer.data.folders.layout import SUFFIXES
from forensictransfer.data.folders.walk import files_below


class ManualFolder:
    """The folder that holds the extracted files of a data set, and what to say when they are not as expected.

    Attributes:
        root: the folder. notes: one-line remarks for the user, filled by `note`.
    """

    def __init__(self, root: Path, dataset: str, facts: Facts) -> None:
        self.root = root
        self.dataset = dataset
        self.facts = facts
        self.notes: list[str] = []

    def has(self, *parts: str) -> bool:
        """Tell whether a file or folder is there, by its path below the root."""
        return self.root.joinpath(*parts).exists()

    def folder(self, *parts: str) -> Path:
        """Find a folder that must be there. Raises UserError: what was expected, where, and what was found instead."""
        return self._expected("folder", Path.is_dir, parts)

    def file(self, *parts: str) -> Path:
        """Find a file that must be there and hold something. Raises UserError."""
        path = self._expected("file", Path.is_file, parts)
        if not path.stat().st_size:
            raise self.problem(f"expected {path} to hold something, found 0 bytes: extract it again")
        return path

    def images(self, *parts: str) -> list[Path]:
        """List the image files of a folder that must be there and hold some, sorted by name; not those of its folders.

        Other and hidden files are skipped.
        """
        folder = self.folder(*parts)
        found = [name for name in self._names(folder) if name.lower().endswith(SUFFIXES)]
        if not found:
            raise self.problem(f"expected images ({' '.join(SUFFIXES)}) in {folder}, found none")
        return [folder / name for name in found]

    def images_below(self, *parts: str) -> list[Path]:
        """List the image files at any depth of a folder that must be there and hold some, sorted by path."""
        top = self.folder(*parts)
        found = sorted(Path(path) for path in files_below(top)[0] if path.lower().endswith(SUFFIXES))
        if not found:
            raise self.problem(f"expected images ({' '.join(SUFFIXES)}) below {top}, found none")
        return found

    def folders(self, *parts: str) -> list[str]:
        """List the names of the folders in a folder that must be there, sorted, hidden ones left out."""
        folder = self.folder(*parts)
        return [name for name in self._names(folder) if (folder / name).is_dir()]

    def lines(self, *parts: str) -> list[str]:
        """Read the lines of a text file that must be there, without blank ones and ends of line."""
        path = self.file(*parts)
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise self.problem(f"expected UTF-8 text in {path}: {error.reason}") from error
        return [line.rstrip() for line in text.splitlines() if line.strip()]

    def table(self, *parts: str, columns: Sequence[str], delimiter: str = ",") -> list[dict[str, str]]:
        """Read the rows of a table with a header that must have `columns`. Raises UserError."""
        try:
            return [row for _, row in csv_rows(self.lines(*parts), columns, delimiter=delimiter)]
        except MissingColumns as error:
            raise self.problem(
                f"expected the columns {', '.join(columns)} in {self.root.joinpath(*parts)}, found {error.found}"
            ) from None
        except csv.Error as error:
            raise self.problem(f"expected a table in {self.root.joinpath(*parts)}: {error}") from None

    def name(self, path: Path) -> str:
        """Return the path of a file below the root, as text with slashes."""
        return path.relative_to(self.root).as_posix()

    def note(self, text: str) -> None:
        """Keep a remark for the user: it is printed after the build and by `data show`."""
        self.notes.append(text)

    def expect(self, found: int, expected: int, what: str) -> None:
        """Add a note where fewer images were found than the data set is known to have; a part of it may be meant."""
        if found < expected:
            self.note(f"{found:,} of {expected:,} images found of {what}: was the archive extracted completely?")

    def problem(self, text: str) -> UserError:
        """Build a UserError of one line that also says where the files are got."""
        return UserError(
            f"{self.dataset}: {text} (from {' + '.join(self.facts.files)}, {self.facts.page})",
            code=ErrorCode.DATA_SET_INCOMPLETE,
        )

    def _expected(self, kind: str, there: Callable[[Path], bool], parts: tuple[str, ...]) -> Path:
        path = self.root.joinpath(*parts)
        if there(path):
            return path
        # The first part that is missing is the one to name: the folder above it was renamed or not extracted.
        known = self.root
        for part in parts:
            if not (known / part).exists():
                break
            known = known / part
        if not known.is_dir():
            found = "there is no such folder" if known == self.root else f"{known} is a file"
            raise self.problem(f"expected the {kind} {path}, {found}")
        beside = self._names(known)
        listed = ", ".join(beside[:6]) + (f" and {len(beside) - 6} more" if len(beside) > 6 else "")
        hint = nearest(part, beside) if parts else ""
        raise self.problem(f"expected the {kind} {path}, {known} holds {listed or 'nothing'}{hint}")

    def _names(self, folder: Path) -> list[str]:
        """List the names in a folder, sorted, hidden ones left out."""
        try:
            return sorted(name for name in os.listdir(folder) if not name.startswith("."))
        except OSError as error:
            raise self.problem(f"expected a folder that can be read, {folder}: {error.strerror}") from error
