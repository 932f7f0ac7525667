"""A search over the settings of a training on the source, by the source's validation split; a kill loses an epoch.

In the run folder, while the search is on:

    .search/ended.json   the trials that ended: settings, state, value, and the best value so far after each epoch
    .search/<number>/    a training like any other, with its checkpoint: the trial that is on, and the best one so far

When it is over, trials.csv and chosen.json tell what was tried and taken, and the training of the best trial becomes
the training of the run: it is the one that would be done with these settings.
"""

from __future__ import annotations

import logging
import math
import shutil
import time
from collections.abc import Callable

from forensictransfer.core.settings import Settings, load_settings
from forensictransfer.experiments import checkpoint
from forensictransfer.experiments.checkpoint import TrainingState
from forensictransfer.experiments.tuning.spaces import SOURCE_TRAINING, source_training, values_of
from forensictransfer.experiments.tuning.study import COMPLETE, PRUNED, Search
from forensictransfer.results.formats.search import EndedTrial, EndedTrials, SearchOutcome
from forensictransfer.results.runs import RunFolder
from forensictransfer.results.trials import write_trials

_log = logging.getLogger(__name__)
FOLDER = ".search"
_ENDED = f"{FOLDER}/ended.json"
_CHOSEN = "chosen.json"
_WARMUP = 5  # epochs that every trial may do before it is compared with others

# A training by some settings in some folder, ended early where the judge says so after an epoch.
Judge = Callable[[TrainingState], bool]
Train = Callable[[Settings, RunFolder, Judge], TrainingState]


def chosen_settings(run: RunFolder, asked: Settings) -> Settings:
    """Find the settings that a run was trained with: those asked for, and what its search has put in their place.

    settings.yaml says what was asked for, so that an adaptation of the run takes over nothing that was only found best
    for the source. Raises UserError if chosen.json is damaged.
    """
    if not (run.path / _CHOSEN).is_file():
        return asked
    return load_settings(None, run.read(_CHOSEN, SearchOutcome).settings, base=asked)


def search_training(asked: Settings, run: RunFolder, train: Train) -> Settings:
    """Try `train.trials` settings, continue where a killed search ended, and return the best ones.

    Trial 0 is what was asked for; then TPE suggests step size, batch and augmentation. The best value of
    `train.monitor` decides, and a trial that does worse than the median of the complete ones after as many epochs ends
    there. The best trial's training is left in `run` as one that has come to its end. If no trial gave a number, the
    settings stay as they are.
    """
    if not (run.path / _CHOSEN).is_file():
        search = _played_back(asked, run)
        while search.number < asked.train.trials:
            _run_trial(search, asked, run, train)
        _write(search, asked, run)
    _adopt(run)
    return chosen_settings(run, asked)


def begun(run: RunFolder) -> bool:
    """Tell whether there is an epoch of any trial that a resumed search could continue from."""
    return (run.path / _ENDED).is_file() or any((run.path / FOLDER).rglob(checkpoint.NAME))


def curve(state: TrainingState, monitor: str) -> list[float]:
    """Find the best value of `monitor` after each epoch so far, NaN as long as there is no number."""
    best, found = math.nan, []
    better = max if rises(monitor) else min
    for row in state.history:
        value = row[monitor]
        if not math.isnan(value):
            best = value if math.isnan(best) else better(best, value)
        found.append(best)
    return found


def rises(monitor: str) -> bool:
    """Tell whether a larger value is a better one, as `TrainingState.record` has it."""
    return monitor.endswith(("accuracy", "auc"))


def _run_trial(search: Search, asked: Settings, run: RunFolder, train: Train) -> None:
    began = time.monotonic()
    trial = search.begin(values_of(asked, SOURCE_TRAINING) if search.number == 0 else None)
    settings = load_settings(None, source_training(trial, asked), base=asked)
    monitor, reported = asked.train.monitor, 0

    def report(state: TrainingState) -> list[float]:
        nonlocal reported
        values = curve(state, monitor)
        for epoch in range(reported, len(values)):
            trial.report(values[epoch], epoch)
        reported = len(values)
        return values

    pruned = False

    def judge(state: TrainingState) -> bool:
        nonlocal pruned
        report(state)
        pruned = trial.should_prune()
        return pruned

    state = train(settings, RunFolder(run.path / FOLDER / str(search.number), run.info), judge)
    values = report(state)
    search.end(trial, PRUNED if pruned else COMPLETE, values[-1], time.monotonic() - began, len(values))
    ended = EndedTrial(**dict(search.rows[-1]), curve=tuple(None if math.isnan(value) else value for value in values))
    _log.info(
        "trial %d of %d: %s %.5g after %d epochs, %s",
        *(ended.number + 1, asked.train.trials, monitor, values[-1], len(values), ended.state),
    )
    run.write(_ENDED, EndedTrials((*_ended(run), ended)))
    _keep_best_only(search, run)


def _played_back(asked: Settings, run: RunFolder) -> Search:
    """Restore the search as it was after the last trial that ended."""
    search = Search(
        seed=(asked.seed,),
        direction="maximize" if rises(asked.train.monitor) else "minimize",
        unit="epochs",
        given=1,
        warmup=_WARMUP,
    )
    for row in _ended(run):
        trial = search.begin(row.settings)
        source_training(trial, asked)
        for epoch, value in enumerate(row.curve):
            trial.report(math.nan if value is None else value, epoch)
        search.end(trial, row.state, row.value, row.seconds, row.done)
    _keep_best_only(search, run)
    return search


def _ended(run: RunFolder) -> tuple[EndedTrial, ...]:
    return run.read(_ENDED, EndedTrials).root if (run.path / _ENDED).is_file() else ()


def _keep_best_only(search: Search, run: RunFolder) -> None:
    """Remove the trainings of trials that have ended, less the best one's."""
    best = search.best()
    for number in range(search.number):
        if best is None or number != best.number:
            shutil.rmtree(run.path / FOLDER / str(number), ignore_errors=True)


def _write(search: Search, asked: Settings, run: RunFolder) -> None:
    best = search.best()
    if best is None:
        settings, reason = values_of(asked, SOURCE_TRAINING), "no trial gave a number: the settings stay as they are"
    else:
        settings, reason = {name: best.settings[name] for name in SOURCE_TRAINING}, None
    write_trials(run.file("trials.csv"), search.table(SOURCE_TRAINING))
    objective = f"best {asked.train.monitor} on the source's validation split"
    run.write(_CHOSEN, search.outcome(objective, settings, reason))


def _adopt(run: RunFolder) -> None:
    """Make the best trial's training that of the run. Can be repeated after a kill at any point."""
    number = run.read(_CHOSEN, SearchOutcome).number
    if number is not None:
        # The checkpoint last: with it in place, the training has come to its end.
        for name in ("tensorboard", "history.csv", checkpoint.NAME):
            found = run.path / FOLDER / str(number) / name
            if found.exists():
                found.replace(run.path / name)
    shutil.rmtree(run.path / FOLDER, ignore_errors=True)
