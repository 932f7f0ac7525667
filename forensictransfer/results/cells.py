"""What finished runs measured: one cell for each evaluation found in their folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from forensictransfer.evaluation.applicability import NotApplied
from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.results.formats.metrics import LocalisationMetrics, Metrics
from forensictransfer.results.formats.run import DomainReference, joined_name
from forensictransfer.results.metadata_baseline import warning
from forensictransfer.results.runs import RunFolder
from forensictransfer.results.shots_only import ShotsOnly, run_shots_only

ZERO_SHOT = "zero-shot"
AS_STORED = "as stored"
UNPAIRED = "unpaired"


@dataclass(frozen=True)
class Cell:
    """One run evaluated on one domain.

    source: the domain trained on, or several, `A + B`, which `sources` names one by one; adapted_to: the domain whose
    shots it saw (None: zero-shot); on: the domain of the test; source_data, on_data: fingerprints of the two ("" if
    unknown). own: the test is a source's own; aimed: the run is made for this test (zero-shot, or adapted to this
    domain). model: the folder of the run that was trained on the source (zero-shot: this one). draws: draws of shots
    behind each number (1 for zero-shot). n_*: images and groups that were tested;
    strategy: as in tables (`strategy_label`); protocol: PAIRED or UNPAIRED shots, "" where there are none; background:
    the folders that took the place of the source's, by name ("": none). compression: AS_STORED, or what all images, of
    training and test, went through when read;
    dropped_*: images taken out before, because the run has seen their group or their pixels.
    localisation: what heat maps are worth against masks (None: not measured).
    alone: balanced accuracy on the domain of the test without a look at pixels (None: not measured); doubt: the warning
    about it, if it is high. shots_only: what the shots alone reach on this test, and whether the run beats it (None:
    not measured, or no such test).
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
    metrics: Mapping[str, Estimate]
    alone: Estimate | None = None
    doubt: str | None = None
    compression: str = AS_STORED
    protocol: str = ""
    background: str = ""
    sources: tuple[str, ...] = ()
    shots_only: ShotsOnly | None = None
    localisation: LocalisationMetrics | None = None
    not_applied: NotApplied | None = None

    @property
    def dropped(self) -> int:
        """Images taken out of the test because the run has seen them or their photograph."""
        return self.dropped_group + self.dropped_pixels


def collect(run_paths: Iterable[str | Path]) -> list[Cell]:
    """Read the cells of finished run folders, in the order given; a folder named twice counts once.

    Test domains of one name that hold different images are told apart by the start of their fingerprint. A run that was
    not evaluated yet gives no cell. Raises UserError (one line, the file named) for a folder that is missing, not a
    run, unfinished, of another format or damaged.
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
    return [_cell(run, metrics) for metrics in run.evaluations()]


def _cell(run: RunFolder, found: Metrics) -> Cell:
    info, baseline = run.info, found.metadata_baseline
    adapted = info.target is not None
    return Cell(
        run=str(run.path),
        detector=found.detector,
        source=info.source_name,
        sources=tuple(domain.name for domain in info.trained_on),
        adapted_to=None if info.target is None else info.target.name,
        on=found.target,
        source_data=info.source_fingerprint,
        on_data=found.fingerprint or "",
        own=any(_same_domain(source, found) for source in info.trained_on),
        aimed=info.target is None or _same_domain(info.target, found),
        model=os.path.realpath(info.parent or run.path),
        strategy=strategy_label(found.strategy or "none", info.protocol) if adapted else ZERO_SHOT,
        shots=(found.shots or 0) if adapted else 0,
        draws=found.draws,
        seed=found.seed or 0,
        threshold_rule=found.threshold_rule or "none",
        stop_rule=found.stop_rule or "none",
        split=found.split,
        n_real=found.n.real,
        n_fake=found.n.fake,
        n_groups=found.n.groups,
        dropped_group=found.dropped_shared.group,
        dropped_pixels=found.dropped_shared.pixels,
        skipped=len(found.skipped),
        metrics=found.metrics,
        alone=None if baseline is None else baseline.estimate,
        doubt=warning(found.target, baseline),
        compression=compression(info.recompress),
        background=info.background or "",
        protocol=(info.protocol or UNPAIRED) if adapted else "",
        shots_only=run_shots_only(run, found),
        localisation=found.localisation,
        not_applied=found.not_applied,
    )


def _same_domain(domain: DomainReference, tested: Metrics) -> bool:
    """Tell whether a test was made on this domain: by name, and by images or place where these are known."""
    if domain.name != tested.target:
        return False
    known = [
        (there, here)
        for there, here in ((domain.fingerprint, tested.fingerprint), (domain.origin, tested.origin))
        if there and here
    ]
    return not known or any(there == here for there, here in known)


def compression(quality: int | None) -> str:
    """Name what images go through when they are read: AS_STORED, or "JPEG" and a quality."""
    return AS_STORED if quality is None else f"JPEG {quality}"


def strategy_label(strategy: str, protocol: str | None) -> str:
    """Name a way of adapting in tables: with paired shots it is another one, which nothing may mix with the first."""
    return strategy if protocol is None else f"{strategy} ({protocol})"


def without_common_set(cells: Sequence[Cell]) -> tuple[list[Cell], str]:
    """Shorten the names of the cells where all domains are of one data set (`set/name`), and that set, else "".

    Seven columns of `forged_photos/resynth_nearest` would fit on no screen.
    """
    names = {name for c in cells for name in (*_sources(c), c.on, c.adapted_to) if name is not None}
    sets = {name.rpartition("/")[0] for name in names}
    common = sets.pop() if len(sets) == 1 else ""
    if not common:
        return list(cells), ""

    def short(name: str) -> str:
        return name.removeprefix(f"{common}/")

    return [
        replace(
            c,
            source=joined_name([short(name) for name in _sources(c)]),
            sources=tuple(short(name) for name in _sources(c)),
            on=short(c.on),
            adapted_to=c.adapted_to and short(c.adapted_to),
        )
        for c in cells
    ], common


def _sources(cell: Cell) -> tuple[str, ...]:
    """List the domains that a cell's run was trained on, one by one."""
    return cell.sources or (cell.source,)
