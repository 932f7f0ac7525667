"""Compare runs and detectors: cross-domain tables, whole sweeps and their report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from forensictransfer.experiments.choices import load_settings

if TYPE_CHECKING:
    from forensictransfer.report.tables.cross_domain import CrossDomain
    from forensictransfer.sweep.manager import Outcome


def table(
    *runs: str | Path,
    markdown: str | Path | None = None,
    csv: str | Path | None = None,
    latex: str | Path | None = None,
) -> str:
    """Write the source x target matrix of any number of evaluated runs, as text; also written to files where asked.

    Args:
        runs: run folders; what is no finished run is left out and logged.
        markdown, csv, latex: files to write the same table to.
    Returns: the table as text.
    Raises: UserError for any mistake in the input.
    """
    return cross_domain(*runs, markdown=markdown, csv=csv, latex=latex).text()


def cross_domain(
    *runs: str | Path,
    markdown: str | Path | None = None,
    csv: str | Path | None = None,
    latex: str | Path | None = None,
) -> CrossDomain:
    """Read what evaluated runs measured: the content of `table`, which takes the same arguments."""
    from forensictransfer.report.run_folders import finished_runs
    from forensictransfer.report.tables import cross_domain as tables

    tables.check_files(markdown, csv, latex)
    found = tables.cross_domain(finished_runs(runs))
    found.write(markdown, csv, latex)
    return found


def run_sweep(settings: str | Path, out: str | Path, **options: Any) -> Outcome:
    """Do all jobs of a sweep that are not done yet: `forensictransfer.sweep.manager.run_sweep` lists the options.

    Args:
        settings: a YAML file. out: the sweep's folder, made if it is not there.
    Returns: what is done and what failed, by name.
    Raises: UserError for a mistake in the input; a job that fails is recorded, not raised.
    """
    from forensictransfer.sweep import manager

    return manager.run_sweep(settings, out, **options)


def dry_run(settings: str | Path, out: str | Path, **options: Any) -> str:
    """Say what `run_sweep` would do, as text: the jobs, which are done, and about how long the others take."""
    from forensictransfer.sweep.manager import dry_run

    return dry_run(settings, out, **options)


def write_report(sweep: str | Path, out: str | Path | None = None) -> Path:
    """Write a sweep's page (index.html) and tables from its result files alone; returns the page.

    Args:
        sweep: the folder of a sweep, finished or not. out: folder to write to (default: `report` in it).
    Raises: UserError if the folder is no sweep, has no results yet, or holds files that were edited.
    """
    from forensictransfer.report import write

    folder = Path(sweep).expanduser()
    return write.write_report(folder, folder / "report" if out is None else Path(out).expanduser())


def detectors_table(crop: int = 128) -> str:
    """List the registered detectors, with parameters, multiply-adds for a crop of `crop` pixels, and strategies.

    Raises UserError for a size that cannot be one of a crop.
    """
    from forensictransfer.detectors.listing import detector_facts, listing

    load_settings(None, {"data.crop": crop})
    return listing(detector_facts(crop), crop).text()
