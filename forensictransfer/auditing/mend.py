"""A domain's images once more, both classes in one format, one quality and one size, as a new domain.

Nothing is resized, which would be a forgery of its own: images are cut from their middle, on their own 8x8 grid, and
saved as baseline JPEG without metadata. What a mended domain can no longer say, and what is left in it, is in `LIMITS`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from PIL import Image

from forensictransfer.auditing.traces.scan import ALONE, CHUNK, Scan
from forensictransfer.core import files
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.progress import progress_bar
from forensictransfer.core.settings import DataSettings
from forensictransfer.core.version import __version__
from forensictransfer.core.yaml_text import write_yaml
from forensictransfer.data.decode import ImageError, Source, decode, opened
from forensictransfer.data.domains import Domain
from forensictransfer.data.layout import CLASS_FOLDERS, SPLIT_FOLDERS
from forensictransfer.data.records import CLASSES, Record
from forensictransfer.data.splits import split_of

FINEST = 95  # quality where neither class has been a JPEG
KEPT = (0.98, 0.95, 0.9, 0.8, 0.5)  # share of either class that must be large enough, tried in this order
SMALLEST = 32  # pixels: no crop is smaller
SUBSAMPLING = "4:2:0"
SIGN = "mend.json"  # a folder with this file is a mended domain, and may be replaced by another one

LIMITS = (
    "What mending cannot do: an image that was a JPEG before is now one twice, which forensics can tell from once; "
    "blur, tone, scale and content stay as they are; copies and odd labels are not touched; and results on the mended "
    "domain say nothing of uncompressed or finer compressed forgeries."
)


@dataclass(frozen=True)
class Plan:
    """What all images become. left_out: names of readable images that are too small, by class.

    tables: quantisation tables of an encoder whose tables are none of the standard ones; they go before the quality.
    """

    width: int
    height: int
    quality: int
    left_out: tuple[tuple[str, ...], tuple[str, ...]]
    tables: tuple[tuple[int, ...], ...] | None = None

    @property
    def encoding(self) -> dict[str, Any]:
        """The options of PIL's JPEG writer."""
        if self.tables is not None:
            return {"qtables": [list(table) for table in self.tables], "subsampling": SUBSAMPLING}
        return {"quality": self.quality, "subsampling": SUBSAMPLING}


def plan(seen: Scan) -> Plan:
    """The size and the quality that suit both classes.

    The size is the largest area, sides a multiple of 8, that KEPT of either class are large enough for. The quality is
    the commonest one of the class that was compressed harder, with the very tables: saved once more on the same grid
    with the same tables, a JPEG hardly changes, so that both classes look compressed once. A lower quality would leave
    the marks of two compressions in one class (docs/audit.md has the measurement). Raises UserError where no size of
    SMALLEST pixels or more suits half of either class.
    """
    widths, heights = seen.columns["width"].copy(), seen.columns["height"].copy()
    turned = np.array([seen.value("orientation tag", row) in ("5", "6", "7", "8") for row in range(len(seen))], bool)
    widths[turned], heights[turned] = heights[turned], widths[turned]
    width, height = _common_size(widths, heights, seen.labels)
    small = (widths < width) | (heights < height)
    left_out = [
        tuple(seen.records[row].name for row in np.flatnonzero(small & (seen.labels == label))) for label in (0, 1)
    ]
    quality, tables = _hardest(seen, ~small)
    return Plan(width, height, quality, (left_out[0], left_out[1]), tables)


def _hardest(seen: Scan, rows: np.ndarray) -> tuple[int, tuple[tuple[int, ...], ...] | None]:
    """The quality of the class that is compressed harder, and its tables if no quality has these."""
    tables, qualities = seen.columns["quantisation tables"], seen.columns["JPEG quality"]
    found = []
    for label in (0, 1):
        of_class = np.flatnonzero(rows & (seen.labels == label) & ~np.isnan(tables))
        if of_class.size:
            codes, counts = np.unique(tables[of_class], return_counts=True)
            first = int(of_class[np.flatnonzero(tables[of_class] == codes[counts.argmax()])[0]])
            found.append((int(qualities[first]), first))
    if not found:
        return FINEST, None
    quality, row = min(found)
    if "about" not in str(seen.value("quantisation tables", row)):
        return quality, None
    with opened(seen.records[row].source) as image:
        kept = image.quantization  # type: ignore[attr-defined]
        return quality, tuple(tuple(int(step) for step in kept[number]) for number in sorted(kept))


def _common_size(widths: np.ndarray, heights: np.ndarray, labels: np.ndarray) -> tuple[int, int]:
    """(width, height) of the largest crop that enough of either class hold."""
    columns, rows = (_steps(sides) for sides in (widths, heights))
    for share in KEPT:
        best = (0, 0)
        for width in columns:
            for height in rows:
                if width * height <= best[0] * best[1]:
                    continue
                fits = (widths >= width) & (heights >= height)
                if all(fits[labels == label].mean() >= share for label in (0, 1)):
                    best = (width, height)
        if best[0]:
            return best
    raise UserError(
        f"--mend: expected a size of {SMALLEST} x {SMALLEST} pixels or more that half of the reals and half of the "
        f"fakes are large enough for, found none (medians {np.median(widths):.0f} x {np.median(heights):.0f})",
        code=ErrorCode.TOO_FEW_IMAGES,
    )


def _steps(sides: np.ndarray) -> list[int]:
    """Sides that are worth trying, multiples of 8, at most some 60, falling."""
    multiples = np.unique(sides.astype(int) // 8 * 8)
    multiples = multiples[multiples >= SMALLEST]
    if len(multiples) > 60:
        multiples = np.unique(np.quantile(multiples, np.linspace(0, 1, 60)).astype(int) // 8 * 8)
    return [int(side) for side in multiples[::-1]]


def mend(
    domain: Domain, seen: Scan, out: str | Path, *, data: DataSettings, workers: int = 1, overwrite: bool = False
) -> dict[str, Any]:
    """Write the mended domain to the folder `out`, all of it or nothing, and return what was done.

    The folder holds the images (in train/, validation/ and test/ where the splits do not follow from the groups), the
    groups in groups.csv, domain.yaml to open it by, and mend.json. Labels, groups and splits are kept.

    Raises: UserError: `out` is something else, or inside the domain; no common size.
    """
    out = Path(out).expanduser()
    check_out(domain, out, overwrite=overwrite)
    chosen = plan(seen)
    small = {name for names in chosen.left_out for name in names}
    records = [record for record in seen.records if record.name not in small]
    given = any(record.split != split_of(record.group, data.split) for record in records)
    names = _new_names(records, given)
    failed: list[tuple[str, str]] = [(record.name, reason) for record, reason in seen.skipped]
    with files.new_folder(out, overwrite=overwrite) as folder:
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
        report = {
            "format": 1,
            "version": __version__,
            "from": domain.name,
            "fingerprint": domain.fingerprint(),
            "width": chosen.width,
            "height": chosen.height,
            "quality": chosen.quality,
            "tables": chosen.tables,
            "subsampling": SUBSAMPLING,
            "images": len(rows),
            "too_small": {name: list(chosen.left_out[label]) for label, name in enumerate(CLASSES)},
            "unreadable": [list(item) for item in failed],
            "split_folders": given,
        }
        files.write_json(folder / SIGN, report)
    return {**report, "folder": str(out)}


def check_out(domain: Domain, out: Path, *, overwrite: bool = False) -> None:
    """Raise UserError unless a mended domain may be written to `out`. Called before any work."""
    files.check_folder(out)
    place, source = out.resolve(), Path(domain.origin)
    if source.is_absolute() and (place == source or source in place.parents or place in source.parents):
        raise UserError(
            f"{out}: the mended domain needs a folder of its own, outside of {source}",
            code=ErrorCode.ARGUMENTS_CONFLICT,
        )
    if not out.exists() or not any(out.iterdir()):
        return
    if not (out / SIGN).is_file():
        raise UserError(
            f"{out}: holds other files and is no mended domain; choose another folder", code=ErrorCode.PATH_EXISTS
        )
    if not overwrite:
        raise UserError(f"{out}: exists already; --overwrite replaces it", code=ErrorCode.PATH_EXISTS)


def mend_text(report: Mapping[str, Any]) -> list[str]:
    """What was done, for people."""
    out = report["folder"]
    about = "about " if report["tables"] else ""
    small = {name: len(names) for name, names in report["too_small"].items()}
    lines = [
        f"mended into {out}: {report['images']} images, both classes cut to {report['width']} x {report['height']} "
        f"pixels from the middle, saved as baseline JPEG, {about}quality {report['quality']}, "
        f"{report['subsampling']}, no metadata",
        f"left out: {small['real']} real and {small['fake']} fake images smaller than that, "
        f"{len(report['unreadable'])} unreadable; labels, groups and splits are kept",
        f"use it as {Path(out) / 'domain.yaml'}",
    ]
    return lines


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
    with contextlib.closing(progress_bar(total=len(records), desc=f"mending {name}", unit="image")) as bar:
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
        reasons.append(None)
    return reasons


def _new_names(records: Sequence[Record], given: bool) -> list[str]:
    """The path of each image in the new folder; two that would be the same keep their old suffix in the name."""
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
    names = []
    for number, stem in enumerate(stems):
        plain = stem.with_suffix("")
        names.append(
            f"{plain.as_posix()}.jpg" if seen[plain.as_posix().lower()] == 1 else f"{plain.as_posix()}_{number}.jpg"
        )
    return names
