"""A search for settings: an Optuna study whose next trial depends on the seed and the trials so far, and nothing else.

So the same search gives the same trials, also when a part of it is played back after a kill.

Sources: J. Bergstra, R. Bardenet, Y. Bengio, B. Kegl, "Algorithms for Hyper-Parameter Optimization", 2011 (TPE);
T. Akiba, S. Sano, T. Yanase, T. Ohta, M. Koyama, "Optuna: A Next-generation Hyperparameter Optimization Framework",
2019.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import optuna

RANDOM_TRIALS = 4  # drawn at random, after those whose settings are given, before TPE has something to go by
JUDGED_AFTER = 4  # complete trials, before any is stopped early

COMPLETE, PRUNED, FAILED = "complete", "pruned", "failed"


class Search:
    """Trials one after the other. `begin` asks for settings, `report` says how it goes, `end` records what came out.

    rows: what ended, in the form of trials.csv: number, state (complete, pruned or failed), value, the number of
    `unit`s done, seconds, then the searched settings by dotted name, empty where a trial did not search them.
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
        self.rows: list[dict[str, Any]] = []

    @property
    def number(self) -> int:
        """Of the trial that comes next."""
        return len(self.rows)

    def begin(self, settings: Mapping[str, Any] | None = None) -> optuna.Trial:
        """Begin the next trial; those of its settings that are given here are not chosen."""
        key = np.random.SeedSequence([*self.seed, self.number]).generate_state(1)[0]
        # Each setting by itself: a trial of another strategy has other settings, which multivariate TPE cannot relate.
        self.study.sampler = optuna.samplers.TPESampler(
            multivariate=False, n_startup_trials=self.given + RANDOM_TRIALS, seed=int(key)
        )
        if settings is not None:
            self.study.enqueue_trial(dict(settings))
        return self.study.ask()

    def end(self, trial: optuna.Trial, state: str, value: float | None, seconds: float, done: int) -> None:
        """Record a trial. A complete one whose value is not a number has failed."""
        if state == COMPLETE and (value is None or not math.isfinite(value)):
            state = FAILED
        if state == COMPLETE:
            self.study.tell(trial, value)
        else:
            self.study.tell(trial, state=_STATES[state])
        self.rows.append(
            {
                "number": trial.number,
                "state": state,
                "value": value if value is not None and math.isfinite(value) else None,
                self.unit: done,
                "seconds": round(seconds, 3),
                **trial.params,
            }
        )

    def best(self) -> dict[str, Any] | None:
        """Find the row of the best complete trial, the earliest of equally good ones; None if there is none."""
        complete = [row for row in self.rows if row["state"] == COMPLETE]
        sign = 1 if self.study.direction == optuna.study.StudyDirection.MINIMIZE else -1
        return min(complete, key=lambda row: sign * row["value"], default=None)

    def table(self, columns: Sequence[str]) -> list[dict[str, Any]]:
        """List the rows with the same columns each: what every trial has, then `columns`.

        Empty where there is nothing.
        """
        names = ["number", "state", "value", self.unit, "seconds", *columns]
        return [{name: "" if row.get(name) is None else row[name] for name in names} for row in self.rows]

    def summary(self, objective: str) -> dict[str, Any]:
        """Write what chosen.json says of the search, less the settings that were chosen."""
        best, first = self.best(), self.rows[0] if self.rows else {}
        states = [row["state"] for row in self.rows]
        return {
            "trials": len(self.rows),
            "pruned": states.count(PRUNED),
            "failed": states.count(FAILED),
            "seconds": round(sum(row["seconds"] for row in self.rows), 3),
            "number": best and best["number"],
            "value": best and best["value"],
            "default_value": first.get("value"),
            "objective": objective,
        }


_STATES = {PRUNED: optuna.trial.TrialState.PRUNED, FAILED: optuna.trial.TrialState.FAIL}
