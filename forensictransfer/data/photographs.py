"""Folders of photographs that say how features vary with content: any images, or the train split of a domain."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.settings import DataSettings, DomainSettings
from forensictransfer.data.catalogue.builtin import builtin_names
from forensictransfer.data.domains import Domain, open_domain
from forensictransfer.data.folders.layout import SPLIT_FOLDERS, SUFFIXES
from forensictransfer.data.folders.walk import files_below
from forensictransfer.data.places import entries_of, is_folder
from forensictransfer.data.records import CLASS_FOLDERS, CLASSES, REAL, Record

MOST = 400  # images of a folder; of a domain half of them of each class
FEWEST = 20  # photographs that anything is estimated from


def open_photographs(spec: str, data: DataSettings) -> Domain:
    """Open a folder of photographs, or a domain, of which the train split counts; nothing is decoded.

    spec: a folder with images at any depth, all of them taken for real; or a domain (a folder with real/ and fake/, a
    domain file, a built-in name). Of more than MOST images so many are chosen by a hash of their names, always the same
    ones. Raises UserError: no such folder, or fewer than FEWEST images in it.
    """
    folder = Path(spec).expanduser()
    if not folder.exists() and spec not in builtin_names():
        raise UserError(f"{spec}: there is no such folder of photographs", code=ErrorCode.PATH_MISSING)
    if folder.is_dir() and not _holds_classes(folder):
        chosen = tuple(_chosen(_records(folder), MOST))
        domain = Domain(photographs_name(spec), str(folder.resolve()), chosen, spec=DomainSettings(path=spec))
    else:
        domain = open_domain(spec, data=data)
        train = domain.split("train")
        per_class = [_chosen([one for one in train if one.label == label], MOST // 2) for label in range(len(CLASSES))]
        domain = Domain(domain.name, domain.origin, tuple(one for part in per_class for one in part), spec=domain.spec)
    check_enough(spec, len(domain.records))
    return domain


def photographs_name(spec: str) -> str:
    """Name a folder of photographs in tables: by its last part, of a class folder (`faces/real`) by the last two."""
    if spec in builtin_names():
        return spec
    path = Path(os.path.abspath(os.path.expanduser(spec)))
    return "/".join(path.parts[-2:]) if path.name.lower() in CLASS_FOLDERS else path.name


def check_enough(spec: str, number: int, instead: str = "") -> None:
    """Raise UserError for fewer than FEWEST photographs. instead: what became of others."""
    if number < FEWEST:
        raise UserError(
            f"{spec}: expected at least {FEWEST} readable photographs for the background, found {number}{instead}",
            code=ErrorCode.TOO_FEW_IMAGES,
        )


def _holds_classes(folder: Path) -> bool:
    """Tell whether a folder is laid out as a domain: both classes in it, or in a split folder in it."""
    inside = {name.lower(): place for name, place in _folders(folder)}
    places = [inside, *({n.lower(): p for n, p in _folders(Path(inside[s]))} for s in SPLIT_FOLDERS if s in inside)]
    return any(len({CLASS_FOLDERS[name] for name in CLASS_FOLDERS if name in names}) > 1 for names in places)


def _folders(folder: Path) -> list[tuple[str, str]]:
    return [(entry.name, entry.path) for entry in entries_of(folder) if is_folder(entry)]


def _records(folder: Path) -> list[Record]:
    """List the images below a folder, each of them its own group."""
    files = [Path(path) for path in files_below(folder)[0] if os.path.splitext(path)[1].lower() in SUFFIXES]
    names = [path.relative_to(folder).as_posix() for path in files]
    return [Record(name, REAL, name, "train", path) for name, path in zip(names, files, strict=True)]


def _chosen(records: Iterable[Record], most: int) -> list[Record]:
    """Choose `most` records by a hash of their names."""
    ranked = sorted(records, key=lambda record: _rank(record.name))
    return sorted(ranked[:most], key=lambda record: record.name)


def _rank(name: str) -> bytes:
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16, person=b"ft-background").digest()
