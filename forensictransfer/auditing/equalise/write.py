"""A domain's images once more, both classes in one format, one quality and one size, as a new domain.

Nothing is resized, which would be a forgery of its own: images are cut from their middle, on their own 8x8 grid, and
saved as baseline JPEG without metadata. What an equalised domain can no longer say, and what is left in it, is in
`auditing.text.LIMITS`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from PIL import Image

from forensictransfer.auditing.equalise.plan import SUBSAMPLING, Plan, plan
from forensictransfer.auditing.traces.scan import ALONE, CHUNK, Scan
from forensictransfer.core import files
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.ownership import owning
from forensictransfer.core.progress import progress_bar
from forensictransfer.core.settings import DataSettings
from forensictransfer.core.version import __version__
from forensictransfer.core.yaml_text import write_yaml
from forensictransfer.data.decode import ImageError, Source, decode
from forensictransfer.data.domains import Domain
from forensictransfer.data.folders.layout import SPLIT_FOLDERS
from forensictransfer.data.records import CLASS_FOLDERS, CLASSES, Record
from forensictransfer.data.splits import split_of
from forensictransfer.results.formats.audits import EqualisedDomain
from forensictransfer.results.formats.document import write_document

# A folder with this file is an equalised domain, and may be replaced by another one. Its name, and that of the domain
# (`..._mended`), are those of version 0.1: folders and files of users hold them.
SIGN = "mend.json"


def equalise(
    domain: Domain, seen: Scan, out: str | Path, *, data: DataSettings, workers: int = 1, overwrite: bool = False
) -> EqualisedDomain:
    """Write the equalised domain to the folder `out`, all of it or nothing, and return what was done.

    The folder holds the images (in train/, validation/ and test/ where the splits do not follow from the groups), the
    groups in groups.csv, domain.yaml to open it by, and mend.json. Labels, groups and splits are kept.

    Raises: UserError: `out` is something else, inside the domain, or being written by another process; no common size.
    """
    out = Path(out).expanduser()
    with owning(out, "audit --equalise"):
        check_out(domain, out, overwrite=overwrite)
        return _equalise(domain, seen, out, data, workers, overwrite)


def _equalise(
    domain: Domain, seen: Scan, out: Path, data: DataSettings, workers: int, overwrite: bool
) -> EqualisedDomain:
    """Do what `equalise` says in a folder that is owned."""
    chosen = plan(seen)
    small = {name for names in chosen.left_out for name in names}
    records = [record for record in seen.records if record.name not in small]
    given = any(record.split != split_of(record.group, data.split) for record in records)
    names = _new_names(records, given)
    failed: list[tuple[str, str]] = [(record.name, reason) for record, reason in seen.skipped]
    with files.new_folder(out, replaces=_check_equalised if overwrite else None) as folder:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
        written = _write_all(records, [folder / name for name in names], chosen, data, workers, domain.name)
        rows = []
        for record, name, reason in zip(records, names, written, strict=True):
            if reason is None:
                rows.append((name, record.group))
            else:
                failed.append((record.name, reason))
        files.write_text(folder / "groups.csv", files.csv_text(("path", "group"), rows))
        about = {"path": ".", "name": f"{domain.name}_mended", "group": "groups.csv"}
        files.write_text(folder / "domain.yaml", write_yaml(about))
        done = EqualisedDomain(
            version=__version__,
            source=domain.name,
            fingerprint=domain.fingerprint(),
            width=chosen.width,
            height=chosen.height,
            quality=chosen.quality,
            tables=chosen.tables,
            subsampling=SUBSAMPLING,
            images=len(rows),
            too_small={name: chosen.left_out[label] for label, name in enumerate(CLASSES)},
            unreadable=tuple(failed),
            split_folders=given,
        )
        write_document(folder / SIGN, done)
    return done


def check_out(domain: Domain, out: Path, *, overwrite: bool = False) -> None:
    """Raise UserError unless an equalised domain may be written to `out`. Called before any work."""
    files.check_folder(out)
    place, source = out.resolve(), Path(domain.origin)
    if source.is_absolute() and (place == source or source in place.parents or place in source.parents):
        raise UserError(
            f"{out}: the equalised domain needs a folder of its own, outside of {source}",
            code=ErrorCode.ARGUMENTS_CONFLICT,
        )
    if not out.exists() or not any(out.iterdir()):
        return
    _check_equalised(out)
    if not overwrite:
        raise UserError(f"{out}: exists already; --overwrite replaces it", code=ErrorCode.PATH_EXISTS)


def _check_equalised(out: Path) -> None:
    """Raise UserError unless a folder is an equalised domain, by what its mend.json says."""
    try:
        content = files.read_json(out / SIGN)
    except UserError:
        content = None
    if out.is_symlink() or not isinstance(content, dict) or not {"from", "fingerprint", "quality"} <= set(content):
        raise UserError(
            f"{out}: {'is a link' if out.is_symlink() else 'holds other files'} and is no equalised domain; choose "
            "another folder",
            code=ErrorCode.PATH_EXISTS,
        )


def _write_all(
    records: Sequence[Record], paths: Sequence[Path], chosen: Plan, data: DataSettings, workers: int, name: str
) -> Iterator[str | None]:
    """Write every image; for each the reason why it could not be read after all, or None."""
    most = int(data.max_megapixels * 1e6)
    tasks = [
        ([record.source for record in records[first : first + CHUNK]], paths[first : first + CHUNK])
        for first in range(0, len(records), CHUNK)
    ]
    if workers == 1 or len(records) <= ALONE:
        found: Any = (_write_some(*task, chosen, most) for task in tasks)
    else:
        pool = Parallel(n_jobs=workers, return_as="generator", pre_dispatch=3 * workers)
        found = pool(delayed(_write_some)(*task, chosen, most) for task in tasks)
    with contextlib.closing(progress_bar(total=len(records), desc=f"equalising {name}", unit="image")) as bar:
        for reasons in found:
            bar.update(len(reasons))
            yield from reasons


def _write_some(sources: Sequence[Source], paths: Sequence[Path], chosen: Plan, most: int) -> list[str | None]:
    reasons: list[str | None] = []
    for source, path in zip(sources, paths, strict=True):
        try:
            pixels = decode(source, max_pixels=most)
        except ImageError as error:
            reasons.append(error.reason)
            continue
        top = (pixels.shape[0] - chosen.height) // 2 // 8 * 8
        left = (pixels.shape[1] - chosen.width) // 2 // 8 * 8
        part = np.ascontiguousarray(pixels[top : top + chosen.height, left : left + chosen.width])
        Image.fromarray(part).save(path, "JPEG", **chosen.encoding)
        written = decode(path, max_pixels=most).shape[:2]
        if written != (chosen.height, chosen.width):  # changed since it was looked at
            path.unlink()
            reasons.append(
                f"expected {chosen.width} x {chosen.height} pixels or more, found {pixels.shape[1]} x {pixels.shape[0]}"
            )
            continue
        reasons.append(None)
    return reasons


def _new_names(records: Sequence[Record], given: bool) -> list[str]:
    """Choose the path of each image in the new folder; two that would be the same keep their old suffix in the name."""
    stems = []
    for record in records:
        parts = list(PurePosixPath(record.name).parts)
        if len(parts) > 1 and parts[0].lower() in SPLIT_FOLDERS:
            parts = parts[1:]
        if len(parts) > 1 and parts[0].lower() in CLASS_FOLDERS:
            parts = parts[1:]
        head = (record.split, CLASSES[record.label]) if given else (CLASSES[record.label],)
        stems.append(PurePosixPath(*head, *parts))
    seen: dict[str, int] = {}
    for stem in stems:
        key = stem.with_suffix("").as_posix().lower()
        seen[key] = seen.get(key, 0) + 1
    taken = {key for key, times in seen.items() if times == 1}
    names = []
    for number, stem in enumerate(stems):
        name = plain = stem.with_suffix("").as_posix()
        if seen[plain.lower()] > 1:
            name = f"{plain}_{number}"
            while name.lower() in taken:  # another image is called so
                name += "_"
            taken.add(name.lower())
        names.append(f"{name}.jpg")
    return names
