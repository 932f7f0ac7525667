"""Do one job of a sweep, as the commands `train`, `evaluate` and `adapt` would, and write how it ended."""

from __future__ import annotations

import errno
import gc
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import psutil

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.settings import load_settings
from forensictransfer.data.domains import Domain
from forensictransfer.detectors.base import Detector
from forensictransfer.detectors.trainable import TrainableDetector
from forensictransfer.experiments import pictures
from forensictransfer.experiments.adapt import adapt_run
from forensictransfer.experiments.evaluate import DomainTest, evaluate_run
from forensictransfer.experiments.localise import Localise
from forensictransfer.experiments.session import Session
from forensictransfer.experiments.shots_only import shots_only_of
from forensictransfer.experiments.strategies import WITH_GRADIENT
from forensictransfer.experiments.train import train_run
from forensictransfer.report import tensorboard
from forensictransfer.results.evaluations import LOCALISATION, read_metrics
from forensictransfer.results.formats.metrics import Metrics
from forensictransfer.results.formats.shots_only import ShotsOnlyMetrics
from forensictransfer.results.runs import RunFolder
from forensictransfer.results.shots_only import METRICS, PREDICTIONS, write_shots_only
from forensictransfer.sweep.folder import SweepFolder
from forensictransfer.sweep.grid import ADAPT, SHOTS_ONLY, TRAIN, ZERO_SHOT, Job
from forensictransfer.sweep.queue import worker_name

# Of the tests that a job was done for, and the files of all its results.
Measured = tuple[Sequence[Metrics | ShotsOnlyMetrics], list[Path]]
# What is wrong with the machine, not with one job.
_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


class Jobs:
    """The jobs of one sweep as one worker does them, one after the other, with what it keeps in between."""

    def __init__(self, folder: SweepFolder, domains: Mapping[str, Domain]) -> None:
        self.folder, self.domains = folder, domains
        self.sweep = folder.settings
        self.largest = max(self.sweep.shots)
        self.localise: Localise = "with masks" if self.sweep.localise else "never"
        self.session = Session()

    def do(self, job: Job, attempt: int) -> float | None:
        """Do `job` and write its record; returns the balanced accuracy, None if it failed.

        What is wrong with one job (its input, or this program) is recorded and not raised; what is wrong with the
        machine (a full disk) is raised, since it would fail all that follow.
        """
        start, worked = time.monotonic(), time.process_time()
        try:
            found, results = _KINDS[job.kind](self, job)
        except UserError as error:
            if error.code == ErrorCode.DETECTOR_NOT_APPLICABLE:
                self._without_result(job, "not applied", str(error), start, attempt)
            else:
                self._without_result(job, "failed", str(error), start, attempt)
            return None
        except Exception as error:
            if isinstance(error, OSError) and error.errno in _MACHINE:
                raise
            self.folder.log(f"{job.name}.txt").write_text(traceback.format_exc())
            text = f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]} (logs/{job.name}.txt)"
            self._without_result(job, "failed", text, start, attempt)
            return None
        finally:
            if job.kind == TRAIN:  # it leaves graphs behind; after every short job it would take longer than the job
                gc.collect()
        value = tensorboard.mean_of(found, "balanced_accuracy")
        seconds = time.monotonic() - start
        record = self.folder.new_record(
            job,
            "done",
            seconds=seconds,
            cpu_seconds=time.process_time() - worked,
            memory_mb=psutil.Process().memory_info().rss / 2**20,
            balanced_accuracy=value,
            worker=worker_name(),
            attempt=attempt,
            results=results,
        )
        tests = [one for one in found if isinstance(one, Metrics)]
        if tests:
            tensorboard.write_hparams(self.folder.path, record, *tests)
        self.folder.write_record(record)
        return value

    def _without_result(
        self, job: Job, state: Literal["failed", "not applied"], error: str, start: float, attempt: int
    ) -> None:
        seconds = time.monotonic() - start
        line = " ".join(error.split())
        self.folder.write_record(
            self.folder.new_record(job, state, error=line, seconds=seconds, worker=worker_name(), attempt=attempt)
        )

    def _train(self, job: Job) -> Measured:
        """Train, or continue a training where a killed worker left it."""
        out = self.folder.run(job)
        sources = [self.domains[name] for name in job.sources]
        run = train_run(sources, job.settings, out, resume=True, session=self.session)
        return self._evaluated(job, run, job.sources)

    def _zero_shot(self, job: Job) -> Measured:
        assert job.target is not None
        return self._evaluated(job, RunFolder.open(self.folder.run(job)), [job.target])

    def _evaluated(self, job: Job, run: RunFolder, domains: Sequence[str]) -> Measured:
        """Test a trained run on some domains, with latents and pictures."""
        add_files = self._add_files(self.session.detector(run), latents=True)
        opened = [self.domains[name] for name in domains]
        with run.owning_evaluations(domains):
            evaluate_run(
                run,
                opened,
                job.settings,
                overwrite=True,
                session=self.session,
                add_files=add_files,
                localise=self.localise,
            )
        return _results(run, domains)

    def _adapt(self, job: Job) -> Measured:
        assert job.target is not None
        parent = RunFolder.open(self.folder.path / "runs" / str(job.needs))
        out = self.folder.run(job)
        decoder = job.strategy not in WITH_GRADIENT or job.settings.adapt.reconstruction > 0
        adapt_run(
            parent,
            self.domains[job.target],
            load_settings(None, {"adapt.shots_only": False}, base=job.settings),  # a job of its own does that
            out,
            overwrite=True,  # what a killed worker may have left is not built upon: nothing records its hash
            keep_weights=self.sweep.keep_weights,
            session=self.session,
            localise=self.localise,
            add_files=self._add_files(self.session.detector(parent), decoder=decoder)
            if job.shots == self.largest
            else None,
        )
        run = RunFolder.open(out)
        metrics, results = _results(run, [job.target])
        return metrics, [*results, *_results(run, job.sources)[1]]

    def _shots_only(self, job: Job) -> Measured:
        assert job.target is not None
        metrics, draws = shots_only_of(self.domains[job.target], job.settings, self.session)
        folder = self.folder.run(job)
        folder.mkdir(parents=True, exist_ok=True)
        write_shots_only(folder, metrics, draws)
        return [metrics], [folder / PREDICTIONS, folder / METRICS]

    def _add_files(
        self, detector: Detector, latents: bool = False, decoder: bool = True
    ) -> Callable[[Path, DomainTest], None]:
        """Build what a sweep adds to an evaluation: pictures of the surest verdicts, and the latents for the projector.

        decoder: whether it still belongs to the encoder, so that reconstructions show something.
        """

        def add(folder: Path, test: DomainTest) -> None:
            first = test.draws[0]
            told = first.labels, first.scores, first.probabilities, first.threshold
            if isinstance(detector, TrainableDetector):  # what the pictures show is a tile that its model saw
                pictures.write_pictures(
                    folder, detector, test.images, *told, evaluate=test.settings.evaluate, reconstruction=decoder
                )
            if latents:
                features = test.session.scores.analyse(detector, test.images, test.settings.evaluate).features
                np.savez_compressed(folder / "latents.npz", features=features)

        return add


def _results(run: RunFolder, domains: Sequence[str]) -> Measured:
    """Read the metrics of a run on some domains, and list the files that hold them."""
    folders = [run.evaluation_path(domain) for domain in domains]
    names = ("predictions.csv", "metrics.json", LOCALISATION, "latents.npz", "pictures/pictures.json")
    metrics = [read_metrics(folder / "metrics.json") for folder in folders]
    return metrics, [folder / name for folder in folders for name in names if (folder / name).is_file()]


_KINDS: dict[str, Callable[[Jobs, Job], Measured]] = {
    TRAIN: Jobs._train,
    ZERO_SHOT: Jobs._zero_shot,
    ADAPT: Jobs._adapt,
    SHOTS_ONLY: Jobs._shots_only,
}
