"""Which photographs of a folder are of one camera, and which of them are held out."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forensictransfer.core.errors import ErrorCode, UserError, some
from forensictransfer.core.progress import progress_bar
from forensictransfer.core.settings import DataSettings, DomainSettings
from forensictransfer.data.domains import Domain
from forensictransfer.data.encoded import ImageError
from forensictransfer.data.folders.layout import SUFFIXES
from forensictransfer.data.folders.walk import files_below
from forensictransfer.data.image_file import ImageFile
from forensictransfer.data.records import REAL, Record

RULE = "camera"  # the group rule of a folder of photographs, in the files of a run
FEWEST_HELD = 8  # photographs held out where cameras do not matter
WHOLE = 8  # cameras from which whole cameras are held out, not some photographs of each


@dataclass(frozen=True)
class CameraFolder:
    """A folder of photographs. domain: they as real images of a train and a validation split; cameras: by name, whose.

    Two photographs are of one camera where its name and the size that they are stored in are the same: what was resized
    went through something else.
    """

    domain: Domain
    cameras: Mapping[str, str]


def open_camera_folder(
    spec: str | Path, data: DataSettings, *, fewest: int, smallest: int, by_camera: bool = True
) -> CameraFolder:
    """Find the photographs of a folder, at any depth, and their cameras; no pixel is decoded.

    The camera is the make and model of the EXIF entries, where there are both, else the sub-folder. Cameras with fewer
    than `fewest` photographs are left out, photographs whose shorter side is below `smallest` pixels too. Held out for
    validation are whole cameras, if there are WHOLE, else photographs of each, always the same ones: the share that
    `data.split` gives to validation, of train and validation. by_camera: whether two cameras at least are needed; else
    photographs are held out whatever their camera where whole cameras are too few.

    Raises UserError: no such folder, or too few photographs to learn from and to hold some out.
    """
    folder = existing_folder(spec)
    name = Path(os.path.abspath(folder)).name or str(folder)
    files = [Path(path) for path in files_below(folder)[0] if os.path.splitext(path)[1].lower() in SUFFIXES]
    found: dict[str, list[tuple[str, Path]]] = defaultdict(list)
    by_exif: set[str] = set()
    unreadable, small = [], 0
    for path in progress_bar(files, desc=f"reading the cameras of {name}", unit="photograph", leave=False):
        inside = path.relative_to(folder).as_posix()
        try:
            container = ImageFile(path).container
        except ImageError as error:
            unreadable.append(f"{inside}: {error.reason}")
            continue
        if min(container.width, container.height) < smallest:
            small += 1
            continue
        model = _model(container.exif)
        if model is not None:
            by_exif.add(inside)
        camera = model or Path(inside).parent.as_posix()
        found[f"{camera}, {container.width} x {container.height}"].append((inside, path))
    cameras = {camera: files for camera, files in sorted(found.items()) if len(files) >= fewest}
    short = {camera: len(files) for camera, files in found.items() if camera not in cameras}
    share = data.split[1] / max(data.split[0] + data.split[1], 1e-9)
    splits: dict[str, str] = {}
    if by_camera or len(cameras) >= WHOLE:
        splits = _splits(cameras, share, fewest, str(spec), short)
    if not by_camera and sum(split == "validation" for split in splits.values()) < FEWEST_HELD:
        splits = _any_splits([inside for files in cameras.values() for inside, _ in files], share, str(spec))
    records = tuple(
        Record(inside, REAL, f"{camera}/{inside}", splits[inside], path)
        for camera, files in cameras.items()
        for inside, path in files
    )
    notes = [
        f"{len(records)} photographs of {len(cameras)} cameras, {sum(one.name in by_exif for one in records)} by EXIF, "
        "the others by their folder"
    ]
    if short:
        listed = some(f"{camera} ({number})" for camera, number in short.items())
        notes.append(f"{len(short)} cameras with fewer than {fewest} photographs are left out: {listed}")
    if small:
        notes.append(f"{small} photographs are left out: smaller than {smallest} pixels")
    if unreadable:
        notes.append(f"{len(unreadable)} files cannot be read and are left out: {some(unreadable, 3)}")
    settings = DomainSettings(path=str(spec), group=RULE)
    domain = Domain(name, str(folder.resolve()), records, tuple(notes), settings)
    return CameraFolder(domain, {inside: camera for camera, files in cameras.items() for inside, _ in files})


def existing_folder(spec: str | Path) -> Path:
    """Find a folder of photographs. Raises UserError if it is not there."""
    folder = Path(spec).expanduser()
    if not folder.is_dir():
        raise UserError(f"{spec}: there is no such folder of photographs", code=ErrorCode.PATH_MISSING)
    return folder


def _model(exif: Mapping[str, object]) -> str | None:
    """Name a camera by its EXIF entries; None where one of the two is not there."""
    make, model = (" ".join(str(exif.get(key, "")).replace("\0", " ").split()) for key in ("Make", "Model"))
    if not make or not model:
        return None
    return model if model.lower().startswith(make.lower()) else f"{make} {model}"


def _splits(
    cameras: Mapping[str, Sequence[tuple[str, Path]]],
    share: float,
    fewest: int,
    spec: str,
    short: Mapping[str, int],
) -> dict[str, str]:
    """Give each photograph, by name, the split `train` or `validation`. Raises UserError if there are too few."""
    if len(cameras) >= WHOLE:
        held = set(_first(cameras, share, 2))
        return {
            inside: "validation" if camera in held else "train"
            for camera, files in cameras.items()
            for inside, _ in files
        }
    enough = {camera: files for camera, files in cameras.items() if len(files) >= 2 * fewest}
    if len(enough) < 2:
        raise UserError(
            f"{spec}: expected {WHOLE} cameras with {fewest} photographs of one size each, or 2 with {2 * fewest}; "
            f"found {len(cameras)} with {fewest} or more, {len(short)} with fewer",
            code=ErrorCode.TOO_FEW_IMAGES,
        )
    by_name: dict[str, str] = {}
    for camera, files in cameras.items():
        names = [inside for inside, _ in files]
        held = set(_first(names, share, fewest)) if camera in enough else set()
        by_name |= {inside: "validation" if inside in held else "train" for inside in names}
    return by_name


def _any_splits(names: Sequence[str], share: float, spec: str) -> dict[str, str]:
    """Hold out a share of some photographs, FEWEST_HELD at least. Raises UserError if there are too few."""
    if len(names) < 2 * FEWEST_HELD:
        raise UserError(
            f"{spec}: expected {2 * FEWEST_HELD} readable photographs that are large enough, found {len(names)}",
            code=ErrorCode.TOO_FEW_IMAGES,
        )
    held = set(_first(names, share, FEWEST_HELD))
    return {name: "validation" if name in held else "train" for name in names}


def _first(names: Iterable[str], share: float, least: int) -> list[str]:
    """Choose a share of some names, at least so many, by a hash of each."""
    ranked = sorted(names, key=_rank)
    return ranked[: max(least, round(share * len(ranked)))]


def _rank(name: str) -> bytes:
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16, person=b"ft-cameras").digest()
