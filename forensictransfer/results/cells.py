"""What finished runs measured: one cell for each evaluation found in their folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.results.metadata_baseline import KEY, warning
from forensictransfer.results.runs import FORMAT, RunFolder

ZERO_SHOT = "zero-shot"


@dataclass(frozen=True)
class Measured:
    """A metric with its 95 % interval, as fractions; None where it is undefined."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Cell:
    """One run evaluated on one domain.

    source: the domain trained on; adapted_to: the domain whose shots it saw (None: zero-shot); on: the domain of the
    test; source_data, on_data: fingerprints of the two ("" if unknown). own: the test is the source's own; aimed: the
    run is made for this test (zero-shot, or adapted to this domain). model: the folder of the run that was trained on
    the source (zero-shot: this one). draws: draws of shots behind each number (1 for zero-shot). n_*: images and groups
    that were tested; dropped_*: images taken out before, because the run has seen their group or their pixels.
    alone: balanced accuracy on the domain of the test without a look at pixels (None: not measured); doubt: the warning
    about it, if it is high.
    """

    run: str
    detector: str
    source: str
    adapted_to: str | None
    on: str
    source_data: str
    on_data: str
    own: bool
    aimed: bool
    model: str
    strategy: str
    shots: int
    draws: int
    seed: int
    threshold_rule: str
    stop_rule: str
    split: str
    n_real: int
    n_fake: int
    n_groups: int
    dropped_group: int
    dropped_pixels: int
    skipped: int
    metrics: Mapping[str, Measured]
    alone: Measured | None = None
    doubt: str | None = None

    @property
    def dropped(self) -> int:
        """Images taken out of the test because the run has seen them or their photograph."""
        return self.dropped_group + self.dropped_pixels


def collect(run_paths: Iterable[str | Path]) -> list[Cell]:
    """The cells of finished run folders, in the order given; a folder named twice counts once.

    Test domains of one name that hold different images are told apart by the start of their fingerprint. A run that was
    not evaluated yet gives no cell. Raises UserError (one line, the file named) for a folder that is missing, not a
    run, unfinished, of another format or torn.
    """
    seen: dict[str, Path] = {}
    for path in run_paths:
        path = Path(path).expanduser()
        seen.setdefault(os.path.realpath(path), path)
    cells = [cell for path in seen.values() for cell in _cells(path)]
    data: dict[str, set[str]] = {}
    for cell in cells:
        data.setdefault(cell.on, set()).add(cell.on_data)
    return [replace(c, on=f"{c.on} ({c.on_data[:8] or '?'})") if len(data[c.on]) > 1 else c for c in cells]


def _cells(folder: Path) -> list[Cell]:
    run = RunFolder.open(folder)
    names = sorted(path.relative_to(run.path).as_posix() for path in run.path.glob("evaluations/[!.]*/metrics.json"))
    return [_cell(run, name) for name in names]


def _cell(run: RunFolder, name: str) -> Cell:
    found, path = run.read_json(name), run.path / name
    version = found.get("format") if isinstance(found, dict) else None
    if version != FORMAT:
        raise UserError(
            f"{path}: expected format {FORMAT}, got format {version}; evaluate again with --overwrite",
            code=ErrorCode.FORMAT_UNKNOWN,
        )
    try:
        source, target = run.info["source"], run.info["target"]
        dropped, n = found["dropped_shared"], found["n"]
        return Cell(
            run=str(run.path),
            detector=str(found["detector"]),
            source=str(source["name"]),
            adapted_to=None if target is None else str(target["name"]),
            on=str(found["target"]),
            source_data=str(source.get("fingerprint") or ""),
            on_data=str(found.get("fingerprint") or ""),
            own=_same_domain(source, found),
            aimed=target is None or _same_domain(target, found),
            model=os.path.realpath(run.info["parent"] or run.path),
            strategy=ZERO_SHOT if target is None else str(found["strategy"]),
            shots=0 if target is None else int(found["shots"]),
            draws=int(found["draws"]),
            seed=int(found["seed"]),
            threshold_rule=str(found["threshold_rule"] or "none"),
            stop_rule=str(found["stop_rule"] or "none"),
            split=str(found["split"]),
            n_real=int(n["real"]),
            n_fake=int(n["fake"]),
            n_groups=int(n["groups"]),
            dropped_group=int(dropped["group"]),
            dropped_pixels=int(dropped["pixels"]),
            skipped=len(found["skipped"]),
            metrics={metric: _measured(m) for metric, m in found["metrics"].items()},
            alone=_alone(found.get(KEY)),
            doubt=warning(str(found["target"]), found.get(KEY)),
        )
    except KeyError as error:
        raise UserError(
            f"{path}: expected the metrics of an evaluation, but {error} is missing", code=ErrorCode.FILE_INVALID
        ) from error
    except (TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f"{path}: expected the metrics of an evaluation, but a field is of another type",
            code=ErrorCode.FILE_INVALID,
        ) from error


def _alone(found: Mapping[str, Any] | None) -> Measured | None:
    """The accuracy without pixels; None for a result of a version that did not measure it."""
    if not found:
        return None
    return _measured({"value": found["balanced_accuracy"], "low": found["low"], "high": found["high"]})


def _same_domain(domain: Mapping[str, Any], tested: Mapping[str, Any]) -> bool:
    """Whether a test was made on this domain: by name, and by images or place where these are known."""
    if domain["name"] != tested["target"]:
        return False
    known = [key for key in ("fingerprint", "origin") if domain.get(key) and tested.get(key)]
    return not known or any(domain[key] == tested[key] for key in known)


def _measured(found: Mapping[str, Any]) -> Measured:
    value, low, high = (None if found[key] is None else float(found[key]) for key in ("value", "low", "high"))
    return Measured(value, low, high)


def without_common_set(cells: Sequence[Cell]) -> tuple[list[Cell], str]:
    """The cells with short names where all domains are of one data set (`set/name`), and that set, else "".

    Seven columns of `forged_photos/resynth_nearest` would fit on no screen.
    """
    names = {name for c in cells for name in (c.source, c.on, c.adapted_to) if name is not None}
    sets = {name.rpartition("/")[0] for name in names}
    common = sets.pop() if len(sets) == 1 else ""
    if not common:
        return list(cells), ""

    def short(name: str) -> str:
        return name.removeprefix(f"{common}/")

    return [
        replace(c, source=short(c.source), on=short(c.on), adapted_to=c.adapted_to and short(c.adapted_to))
        for c in cells
    ], common
