"""trials.csv: a row for each trial of a search among settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from forensictransfer.core.files import csv_text, write_text
from forensictransfer.results.formats.search import Trial


@dataclass(frozen=True)
class Trials:
    """Trials of a search, in their order. unit: what they are done in, folds or epochs; settings: what was searched."""

    unit: str
    settings: tuple[str, ...]
    rows: tuple[Trial, ...]


def write_trials(path: Path, trials: Trials) -> None:
    """Write trials.csv; a field is empty where there is no value, or where a trial did not search a setting."""
    header = ("number", "state", "value", trials.unit, "seconds", *trials.settings)
    rows = [
        (
            *(trial.number, trial.state, "" if trial.value is None else trial.value, trial.done, trial.seconds),
            *(trial.settings.get(name, "") for name in trials.settings),
        )
        for trial in trials.rows
    ]
    write_text(path, csv_text(header, rows))
