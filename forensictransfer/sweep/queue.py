"""The jobs of a sweep as trials of an Optuna study: whoever works takes the next one, on whatever machine.

Optuna does the sharing: a trial is handed to one worker, which gives signs of life (heartbeats) while it works; a
trial whose worker has been silent for six heartbeats is failed and queued again. What a job's result is does not
depend on it: the sweep's folder says which jobs are done.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import socket
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.distributions import CategoricalDistribution
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.trial import TrialState
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.sweep.folder import DONE, FAILED, NOT_APPLIED, SweepFolder
from forensictransfer.sweep.grid import Job

SILENCE = 6  # heartbeats missed until a worker counts as dead
STORAGE_ERRORS = (optuna.exceptions.StorageInternalError, SQLAlchemyError)
_PAUSE, _MOST_SILENT = 5.0, 24  # seconds between two tries of a storage that does not answer, and how many
MOST_ATTEMPTS = 3  # a job that has killed so many workers is given up
_FORGIVEN = "failures before this trial are forgiven"
_AHEAD = 24  # trials waiting at once: Optuna reads all of them whenever one is taken


class Queue:
    """The study of one sweep, seen by one process."""

    def __init__(self, folder: SweepFolder, jobs: dict[str, Job], storage: str | None, heartbeat: int) -> None:
        """Open or make the study. Raises UserError if the storage cannot be reached."""
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        logging.getLogger("alembic").setLevel(logging.ERROR)
        self.folder, self.jobs = folder, jobs
        self.heartbeat = heartbeat
        self.url = _without_password(storage_url(folder.path, storage))
        self._ended: dict[str, str] = {}
        with folder.lock():  # two that make the tables at once get in each other's way
            self.study = open_study(storage_url(folder.path, storage), f"sweep-{folder.info.id}", heartbeat)

    def work(self, do: Callable[[Job, int], float | None], idle: Callable[[], None] = lambda: None) -> None:
        """Take and do jobs until every job has a record. `do(job, attempt)` writes the record and returns the value.

        idle: called about once a second while there is nothing to do but other workers' jobs are not done.
        """
        silent = 0
        while True:
            try:
                left = self._go_on(do)
                silent = 0
            except STORAGE_ERRORS as error:
                # A database that is restarted must not cost the sweep; what was done is on record.
                silent += 1
                if silent > _MOST_SILENT:
                    raise UserError(
                        f"--storage {self.url}: no longer answers: {_reason(error)}", code=ErrorCode.STORAGE_UNUSABLE
                    ) from error
                left = None
                time.sleep(_PAUSE)
            if left == 0:
                return
            if left:
                idle()
                time.sleep(1)

    def _go_on(self, do: Callable[[Job, int], float | None]) -> int | None:
        """Do one job if one can be done (None), else return how many jobs have no record yet."""
        with contextlib.ExitStack() as lock:
            lock.enter_context(self.folder.lock())
            left, waiting = self._top_up()
            if waiting:
                self._take_one(do, lock)
                return None
            if left:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # "experimental"; it is what `optimize` does before each trial
                    optuna.storages.fail_stale_trials(self.study)
                self._end(self._never_begun(), TrialState.PRUNED)
            return left

    def clear_dead(self, *, died: bool = False) -> None:
        """End the running trials of this machine whose worker no longer lives, without waiting for heartbeats.

        died: the worker died at its work, which counts against the job; otherwise it was stopped with its command.
        """
        with self.folder.lock():
            lost = [
                trial
                for trial in self._running()
                if str(trial.user_attrs.get("worker", "")).rpartition(":")[0] == socket.gethostname()
                and self.folder.is_free(str(trial.user_attrs["job"]))
            ]
            self._end([*lost, *self._never_begun()], TrialState.FAIL if died else TrialState.PRUNED)

    def _running(self) -> list[optuna.trial.FrozenTrial]:
        return self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))

    def _never_begun(self) -> list[optuna.trial.FrozenTrial]:
        """Find the trials whose worker died between taking them and saying so.

        Without a heartbeat Optuna waits for ever.
        """
        last = datetime.now() - timedelta(seconds=SILENCE * self.heartbeat)
        return [
            trial
            for trial in self._running()
            if "worker" not in trial.user_attrs and trial.datetime_start is not None and trial.datetime_start < last
        ]

    def _end(self, trials: Iterable[optuna.trial.FrozenTrial], state: TrialState) -> None:
        for trial in trials:
            self.study.tell(trial.number, state=state, skip_if_finished=True)

    def forgive(self) -> int:
        """Have the failed jobs done again; returns how many there are."""
        with self.folder.lock():
            self.study.set_user_attr(_FORGIVEN, len(self.study.get_trials(deepcopy=False)))
            self._ended.clear()
            return self.folder.forget_failures()

    def states(self) -> dict[str, str]:
        """Return how every job that has a record ended (`JobRecord.state`)."""
        ended = self.folder.ended()
        # Another command may have had failed jobs forgiven.
        self._ended = {name: state for name, state in self._ended.items() if name in ended}
        for name in ended - set(self._ended):
            if name in self.jobs:
                self._ended[name] = self.folder.record(name).state
        return self._ended

    def _take_one(self, do: Callable[[Job, int], float | None], lock: contextlib.ExitStack) -> None:
        """Take one trial, under the study's heartbeat. The folder's lock is released when the job is taken."""

        def objective(trial: optuna.Trial) -> float:
            job = self.jobs[trial.user_attrs["job"]]
            trial.set_user_attr("worker", worker_name())
            with self.folder.holding(job.name) as mine:
                lock.close()
                if not mine:
                    time.sleep(1)  # its worker was taken for dead, but is still at it
                    raise optuna.TrialPruned("another worker still does this job")
                if job.name in self.folder.ended():
                    raise optuna.TrialPruned("done already")
                value = do(job, self._begun()[job.name])
                if value is None:
                    raise optuna.TrialPruned("has no value, or failed: see the job's record")
                return value

        # A trial that was taken for dead and given away cannot be told its value: the record has it.
        with contextlib.suppress(optuna.exceptions.UpdateFinishedTrialError):
            self.study.optimize(objective, n_trials=1)

    def _top_up(self) -> tuple[int, int]:
        """Queue jobs that can be done, some ahead; returns how many jobs have no record, and how many are queued.

        A training goes before all that needs it; what needs a failed training fails with it, and what needs one that
        its detector does not apply to is not applied either.
        """
        states = self.states()
        trials = self.study.get_trials(deepcopy=False, states=(TrialState.WAITING, TrialState.RUNNING))
        live = {trial.user_attrs.get("job") for trial in trials}
        waiting = sum(trial.state == TrialState.WAITING for trial in trials)
        attempts: Counter[str] | None = None
        for job in self.jobs.values():
            if job.name in states or job.name in live:
                continue
            need = states.get(job.needs, "") if job.needs else DONE
            if need == FAILED:
                self._give_up(job, f"its source's training failed: see jobs/{job.needs}.json")
                continue
            if need == NOT_APPLIED:
                self._give_up(job, self.folder.record(str(job.needs)).error or "", "not applied")
                continue
            if need != DONE or waiting >= _AHEAD:
                continue
            attempts = self._deaths() if attempts is None else attempts
            if attempts[job.name] >= MOST_ATTEMPTS:
                self._give_up(job, f"{MOST_ATTEMPTS} workers died while doing it (out of memory?)")
                continue
            self.study.add_trial(_trial(job, self.jobs.values()))
            waiting += 1
        return len(self.jobs) - len(self.states()), waiting

    def _deaths(self) -> Counter[str]:
        """Count how many workers have died at each job, since the failures were last forgiven."""
        lost = self.study.get_trials(deepcopy=False, states=(TrialState.FAIL,))
        first = int(self.study.user_attrs.get(_FORGIVEN, 0))
        return Counter(str(trial.user_attrs.get("job")) for trial in lost if trial.number >= first)

    def _begun(self) -> Counter[str]:
        """Count how often each job was begun."""
        begun = [trial for trial in self.study.get_trials(deepcopy=False) if trial.state != TrialState.WAITING]
        return Counter(str(trial.user_attrs.get("job")) for trial in begun)

    def _give_up(self, job: Job, error: str, state: Literal["failed", "not applied"] = "failed") -> None:
        self.folder.write_record(
            self.folder.new_record(job, state, error=error, seconds=0.0, worker=worker_name(), attempt=0)
        )
        self._ended[job.name] = state


def storage_url(folder: Path, storage: str | None) -> str:
    """Return where the study is kept: an SQLite file in the sweep's folder, or what the user names."""
    # Put together by SQLAlchemy: a question mark or a percent sign in the folder's name is none of the address.
    file = URL.create("sqlite", database=str(folder.resolve() / "study.db"))
    return storage or file.render_as_string()


def open_study(url: str, name: str, heartbeat: int) -> optuna.Study:
    """Open the study called `name` at `url`, made if it is not there.

    Raises UserError if the storage cannot be used.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # heartbeats are marked experimental
            storage = RDBStorage(
                url,
                engine_kwargs={"connect_args": {"timeout": 120}}
                if url.startswith("sqlite")
                else {"pool_pre_ping": True},
                heartbeat_interval=heartbeat,
                grace_period=SILENCE * heartbeat,
                heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(max_retry=MOST_ATTEMPTS - 1),
            )
            return optuna.create_study(storage=storage, study_name=name, direction="maximize", load_if_exists=True)
    except Exception as error:  # drivers have errors of their own, and say in several lines what they met
        raise UserError(
            f"--storage {_without_password(url)}: cannot be used: {_reason(error)}", code=ErrorCode.STORAGE_UNUSABLE
        ) from error


def worker_name() -> str:
    """Name this process: host:pid."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _trial(job: Job, jobs: Iterable[Job]) -> optuna.trial.FrozenTrial:
    """Turn a job into a trial: its place in the grid as parameters, which Optuna's views can plot."""
    params = {
        "detector": job.detector,
        "source": job.source,
        "target": job.target or job.source,
        "strategy": job.kind if job.kind == "train" else job.strategy,
        "shots": job.shots,
        "seed": job.seed,
    }
    return optuna.create_trial(
        state=TrialState.WAITING,
        params=params,
        distributions={key: CategoricalDistribution(choices) for key, choices in _choices(jobs).items()},
        user_attrs={"job": job.name},
    )


def _choices(jobs: Iterable[Job]) -> dict[str, list[Any]]:
    jobs = list(jobs)
    found: dict[str, list[Any]] = {
        key: list(dict.fromkeys(getattr(job, key) for job in jobs)) for key in ("detector", "source", "shots", "seed")
    }
    found["target"] = list(dict.fromkeys(job.target or job.source for job in jobs))
    found["strategy"] = list(dict.fromkeys(job.kind if job.kind == "train" else job.strategy for job in jobs))
    return found


def _without_password(url: str) -> str:
    return re.sub(r"://([^:/@]+):[^@]*@", r"://\1:...@", url)


def _reason(error: Exception) -> str:
    """Find the last thing an error says that is not a hint where to read on, on one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip() and "sqlalche.me" not in line]
    text = lines[0] if lines else type(error).__name__
    if isinstance(error, ModuleNotFoundError) or ("psycopg" in text and "No module" in text):
        return f"{text}; install forensictransfer[postgresql]"
    return text
