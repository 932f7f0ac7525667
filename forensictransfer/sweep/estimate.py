"""About how long jobs take: arithmetic with measured rates, scaled by what this sweep's jobs have taken so far."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from forensictransfer.results.formats.sweep import JobRecord, SweepDomain
from forensictransfer.sweep.grid import ADAPT, SHOTS_ONLY, TRAIN, Job

# One thread of a 2020s server processor, crops of 128 pixels a second; the decoder left out of fine-tuning.
_TRAINED, _TUNED, _SCORED = 130.0, 330.0, 1400.0
_DESCRIBED = 40.0  # images of 256 pixels a second
_OVERHEAD = 0.5  # seconds of any job: reading, bootstrap, writing
_TUNED_TRIAL = 2.0  # folds that a trial runs until it is pruned or ends, on average


def seconds(job: Job, domains: Mapping[str, SweepDomain]) -> float:
    """Guess the seconds of a job on one thread."""
    settings = job.settings
    area = (settings.data.crop / 128) ** 2
    sources = [domains[name].splits for name in job.sources]
    if job.kind == TRAIN:
        crops = 2 * len(sources) * max(max(one["train"].real, one["train"].fake) for one in sources) + 1500
        searches = 1 + 0.5 * getattr(settings.train, "trials", 0)
        training = settings.train.epochs * crops * area / _TRAINED
        if settings.train.minutes is not None:
            training = min(training, 60 * settings.train.minutes)
        return _OVERHEAD + searches * training
    assert job.target is not None
    if job.kind == SHOTS_ONLY:
        splits = domains[job.target].splits
        shots = min(2 * job.shots * job.draws, splits["train"].images)
        return _OVERHEAD + (splits["test"].images + shots) / _DESCRIBED
    tests = [domains[name].splits["test"] for name in (*job.sources, job.target)]
    tiles = sum(test.images for test in tests) * 6
    scoring = tiles * area / _SCORED
    if job.kind != ADAPT:
        return _OVERHEAD + scoring
    tuning = settings.adapt.steps * settings.adapt.batch * area / _TUNED
    if job.strategy == "finetune":
        return _OVERHEAD + job.draws * (tuning + scoring)
    if job.strategy == "tuned":
        trials = getattr(settings.adapt, "trials", 20)
        return _OVERHEAD + job.draws * (scoring + tuning * (1 + trials * _TUNED_TRIAL))
    return _OVERHEAD


def remaining(
    jobs: Sequence[Job], records: Collection[JobRecord], domains: Mapping[str, SweepDomain], workers: int
) -> float:
    """Guess the seconds until `jobs` are done by so many workers.

    The guess of each kind is scaled by that of jobs done.
    """
    taken: dict[tuple[str, str], list[float]] = {}
    by_name = {job.name: job for job in jobs}
    for record in records:
        job = by_name.get(record.job)
        if job is not None and record.done:
            pair = taken.setdefault((job.kind, job.strategy), [0.0, 0.0])
            pair[0] += record.seconds
            pair[1] += seconds(job, domains)
    ended = {record.job for record in records}
    scales = {key: real / guess for key, (real, guess) in taken.items()}
    every = [sum(pair[i] for pair in taken.values()) for i in (0, 1)]
    usual = every[0] / every[1] if taken else 1.0
    left = [
        seconds(job, domains) * scales.get((job.kind, job.strategy), usual) for job in jobs if job.name not in ended
    ]
    return max(sum(left) / workers, max(left, default=0.0))
