"""A search for settings: an Optuna study whose next trial depends on the seed and the trials so far, and nothing else.

So the same search gives the same trials, also when a part of it is played back after a kill.

Sources: J. Bergstra, R. Bardenet, Y. Bengio, B. Kegl, "Algorithms for Hyper-Parameter Optimization", 2011 (TPE);
T. Akiba, S. Sano, T. Yanase, T. Ohta, M. Koyama, "Optuna: A Next-generation Hyperparameter Optimization Framework",
2019.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np
import optuna

from forensictransfer.core.values import SettingValue
from forensictransfer.results.formats.search import SearchOutcome, Trial, TrialState
from forensictransfer.results.trials import Trials

RANDOM_TRIALS = 4  # drawn at random, after those whose settings are given, before TPE has something to go by
JUDGED_AFTER = 4  # complete trials, before any is stopped early

COMPLETE: Final = "complete"
PRUNED: Final = "pruned"
FAILED: Final = "failed"


class Search:
    """Trials one after the other. `begin` asks for settings, `report` says how it goes, `end` records what came out.

    rows: the trials that ended, each with the number of `unit`s that were done of it.
    """

    def __init__(
        self, *, seed: Sequence[int], direction: Literal["minimize", "maximize"], unit: str, given: int, warmup: int = 0
    ) -> None:
        """Set up a study without trials.

        Args:
            seed: numbers that the random choices are keyed by.
            direction: minimize or maximize.
            unit: what a trial is done in and may be stopped after: folds or epochs.
            given: trials at the beginning whose settings are given.
            warmup: units that every trial may do.
        """
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.seed, self.unit, self.given = tuple(seed), unit, given
        pruner = optuna.pruners.MedianPruner(n_startup_trials=JUDGED_AFTER, n_warmup_steps=warmup)
        self.study = optuna.create_study(direction=direction, pruner=pruner)
        self.rows: list[Trial] = []

    @property
    def number(self) -> int:
        """Of the trial that comes next."""
        return len(self.rows)

    def begin(self, settings: Mapping[str, SettingValue] | None = None) -> optuna.Trial:
        """Begin the next trial; those of its settings that are given here are not chosen."""
        key = np.random.SeedSequence([*self.seed, self.number]).generate_state(1)[0]
        # Each setting by itself: a trial of another strategy has other settings, which multivariate TPE cannot relate.
        self.study.sampler = optuna.samplers.TPESampler(
            multivariate=False, n_startup_trials=self.given + RANDOM_TRIALS, seed=int(key)
        )
        if settings is not None:
            self.study.enqueue_trial(dict(settings))
        return self.study.ask()

    def end(self, trial: optuna.Trial, state: TrialState, value: float | None, seconds: float, done: int) -> None:
        """Record a trial. A complete one whose value is not a number has failed."""
        if state == COMPLETE and (value is None or not math.isfinite(value)):
            state = FAILED
        if state == COMPLETE:
            self.study.tell(trial, value)
        else:
            self.study.tell(trial, state=_STATES[state])
        number = float(value) if value is not None and math.isfinite(value) else None
        seconds = round(seconds, 3)
        self.rows.append(
            Trial(
                number=trial.number, state=state, value=number, done=done, seconds=seconds, settings=dict(trial.params)
            )
        )

    def best(self) -> Trial | None:
        """Find the best complete trial, the earliest of equally good ones; None if there is none."""
        complete = [(row.value, row) for row in self.rows if row.state == COMPLETE and row.value is not None]
        sign = 1 if self.study.direction == optuna.study.StudyDirection.MINIMIZE else -1
        return min(complete, key=lambda found: sign * found[0], default=(None, None))[1]

    def table(self, settings: Sequence[str]) -> Trials:
        """List the trials for trials.csv, with these settings as columns."""
        return Trials(self.unit, tuple(settings), tuple(self.rows))

    def outcome(self, objective: str, settings: Mapping[str, SettingValue], reason: str | None = None) -> SearchOutcome:
        """Describe the search, in which these settings were taken.

        objective: what the value of a trial is, in words. reason: why the settings are those that were asked for, if no
        trial has decided.
        """
        best, states = self.best(), [row.state for row in self.rows]
        return SearchOutcome(
            trials=len(self.rows),
            pruned=states.count(PRUNED),
            failed=states.count(FAILED),
            seconds=round(sum(row.seconds for row in self.rows), 3),
            number=None if best is None else best.number,
            value=None if best is None else best.value,
            default_value=self.rows[0].value if self.rows else None,
            objective=objective,
            settings=dict(settings),
            reason=reason,
        )


_STATES = {PRUNED: optuna.trial.TrialState.PRUNED, FAILED: optuna.trial.TrialState.FAIL}
