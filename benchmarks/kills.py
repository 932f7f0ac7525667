"""Kill commands at random moments: what they write is old or new, never between, and going on ends in the same bytes.

    python benchmarks/kills.py --kills 100

Each trial begins a command (train, adapt, evaluate, sweep, report, audit --equalise) in a process of its own, kills it
with SIGKILL at a random moment of its usual duration, and looks at what there is: an absent or unfinished folder, which
`show` says in one line, the old results, or the new ones. Then the same command is run to its end (`train` with
--resume), and its results are compared with those of an undisturbed one, byte by byte but for times and paths.
Exit code 1 if a trial broke a rule.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import hashlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # works in a bare clone, too

import numpy as np
from PIL import Image

from forensictransfer.cli.main import main as command_line
from forensictransfer.core.progress import progress_bar

# What differs between two runs of the same command: when, where and how long.
_VOLATILE = (
    "created",
    "seconds",
    "minutes",
    "path",
    "parent",
    "origin",
    "host",
    "pid",
    "sha256",
    "ended",
    "began",
    "checksum",
    "memory",
    "worker",
    "attempt",
)
_KERAS_NOTES = ("metadata.json", "config.json")  # the time, and numbers of objects in memory
_SKIPPED = ("environment.json", "FINISHED", "CARD.md", "sweep.log")


@dataclass(frozen=True)
class Job:
    """A command that is killed.

    Attributes:
        name: of the command.
        words: of the command, in the folder of a trial.
        again: of the one that goes on after a kill.
        result: what it writes, below that folder.
        prepare: makes what is there before it.
        resumes: whether an unfinished result may be there, which going on continues.
    """

    name: str
    words: tuple[str, ...]
    again: tuple[str, ...]
    result: str
    prepare: tuple[tuple[str, ...], ...] = ()
    resumes: bool = False


_SMALL = ("--data.crop", "32", "--train.batch", "8")
_COOC = ("--detector", "cooccurrence", "--data.crop", "64")
_TRAIN = ("train", "--source", "first", "--out", "run", *_COOC)
_MESO = ("train", "--source", "first", "--out", "run", "--detector", "meso4", *_SMALL, "--train.epochs", "3")
_ADAPT = (
    "adapt",
    "run",
    "--target",
    "second",
    "--out",
    "adapted",
    "--shots",
    "2",
    "--draws",
    "3",
    "--strategy",
    "head",
)
_EVALUATE = ("evaluate", "run", "--on", "second")
_EQUALISE = ("audit", "first", "--equalise", "equal")
_SWEEP = ("sweep", "sweep.yaml", "--out", "swept", "--workers", "1")
JOBS = (
    Job("train, fitted at once", _TRAIN, (*_TRAIN, "--resume"), "run", resumes=True),
    Job("train, three epochs", _MESO, (*_MESO, "--resume"), "run", resumes=True),
    Job("adapt", _ADAPT, (*_ADAPT, "--overwrite"), "adapted", (_TRAIN,)),
    Job(
        "evaluate --overwrite",
        (*_EVALUATE, "--evaluate.stride", "16", "--overwrite"),
        (*_EVALUATE, "--evaluate.stride", "16", "--overwrite"),
        "run/evaluations/second",
        (_TRAIN, _EVALUATE),
    ),
    Job("audit --equalise", _EQUALISE, (*_EQUALISE, "--overwrite"), "equal"),
    Job("sweep", _SWEEP, _SWEEP, "swept", resumes=True),
    Job("report", ("report", "swept"), ("report", "swept"), "swept/report", (_SWEEP,)),
)


def make_domains(folder: Path) -> None:
    """Write two small domains and a sweep of them."""
    rng = np.random.default_rng(0)
    for name, strength in (("first", 25), ("second", 40)):
        for number in range(24):
            coarse = Image.fromarray(rng.integers(0, 256, (6, 6, 3), np.uint8)).resize((72, 72))
            real = np.clip(np.asarray(coarse).astype(int) + rng.integers(-9, 10, (72, 72, 3)), 0, 255)
            fake = np.clip(real + strength * (np.indices((72, 72)).sum(axis=0) % 2)[:, :, None], 0, 255)
            for label, pixels in (("real", real), ("fake", fake)):
                path = folder / name / label / f"photograph_{number:02d}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels.astype(np.uint8)).save(path)
    (folder / "sweep.yaml").write_text(
        "domains: [first, second]\ndetectors: [cooccurrence]\nshots: [0, 2]\nstrategies: [head]\ndraws: 2\n"
        "settings: {data.crop: 64}\n",
        encoding="utf-8",
    )


def begin(words: tuple[str, ...], folder: Path) -> int:
    """Run a command in a process of its own, forked from this one, which has done nothing but imports; its number."""
    number = os.fork()
    if number:
        return number
    try:
        os.setsid()
        os.chdir(folder)
        with (folder / "output.txt").open("a") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        code = command_line(list(words))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    except BaseException as error:
        os.write(2, f"Traceback: {type(error).__name__}: {error}\n".encode())
        os._exit(99)


def run(words: tuple[str, ...], folder: Path) -> tuple[int, str]:
    """Run a command to its end; returns its exit code and what it said."""
    output = folder / "output.txt"
    output.unlink(missing_ok=True)
    _, status = os.waitpid(begin(words, folder), 0)
    said = output.read_text(encoding="utf-8", errors="replace") if output.exists() else ""
    return os.waitstatus_to_exitcode(status), said


def kill(words: tuple[str, ...], folder: Path, after: float) -> bool:
    """Run a command and kill it and its workers after some seconds; whether it was still running."""
    number = begin(words, folder)
    until = time.monotonic() + after
    while time.monotonic() < until:
        done, _ = os.waitpid(number, os.WNOHANG)
        if done:
            return False
        time.sleep(0.005)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(number, signal.SIGKILL)
    os.waitpid(number, 0)
    return True


def contents(folder: Path) -> dict[str, str]:
    """Describe each file of a result by a digest of what does not depend on when and where it was made."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        parts = path.relative_to(folder).parts
        if not path.is_file() or path.name in _SKIPPED or "tensorboard" in parts:
            continue
        if any(part.startswith(".") for part in parts) or "study" in path.name or path.suffix in (".lock", ".log"):
            continue
        found[name] = hashlib.sha256(_lasting(path)).hexdigest()
    return found


def _lasting(path: Path) -> bytes:
    if path.suffix == ".json":
        return json.dumps(_without_volatile(json.loads(path.read_text(encoding="utf-8"))), sort_keys=True).encode()
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        return json.dumps(_without_volatile(rows)).encode()
    if path.suffix in (".keras", ".npz"):
        with zipfile.ZipFile(path) as archive:
            names = [name for name in sorted(archive.namelist()) if name not in _KERAS_NOTES]
            return b"".join(name.encode() + archive.read(name) for name in names)
    if path.suffix in (".html", ".md", ".tex", ".yaml"):
        return b""  # they hold times and folders; that they are there is compared
    return path.read_bytes()


def _without_volatile(content: Any) -> Any:
    if isinstance(content, dict):
        return {
            key: _without_volatile(value)
            for key, value in content.items()
            if key != "id" and not any(word in str(key).lower() for word in _VOLATILE) and not _is_digest(value)
        }
    return [_without_volatile(item) for item in content] if isinstance(content, list) else content


def _is_digest(value: object) -> bool:
    """Whether a value is the SHA-256 of a file, which may hold times."""
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")


def trial(job: Job, sound: Path, old: dict[str, str], new: dict[str, str], work: Path, after: float) -> tuple[str, str]:
    """Kill a job once, look, and go on: what there was after the kill, and what broke a rule (empty if nothing)."""
    folder = work / "trial"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(sound, folder)
    if not kill(job.words, folder, after):
        after_kill = "had ended"
    else:
        result = folder / job.result
        try:
            now = contents(result) if result.exists() else {}
        except (ValueError, OSError, zipfile.BadZipFile) as error:
            return "torn", f"a file is neither old nor new: {error}"
        if now == new:
            after_kill = "new"
        elif now == old:
            after_kill = "old" if old else "nothing"
        elif job.resumes:
            after_kill = "unfinished"
            code, said = run(("show", str(result)), folder)
            if code not in (0, 2) or "Traceback" in said:
                return after_kill, f"show of an unfinished run ends with {code}: {said[-300:]}"
        else:
            changed = sorted(name for name in {*now, *old} if now.get(name) != old.get(name))
            return "torn", f"neither old nor new: {', '.join(changed[:4])}"
    code, said = run(job.again, folder)
    if code:
        return after_kill, f"going on ends with {code}: {said[-400:]}"
    end = contents(folder / job.result)
    if end != new:
        changed = sorted(name for name in {*end, *new} if end.get(name) != new.get(name))
        return after_kill, f"going on ends in other bytes: {', '.join(changed[:6])}"
    left = [path.name for path in folder.rglob(".*partial*")]
    return after_kill, f"leaves {', '.join(left[:3])}" if left else ""


def prepared(job: Job, folder: Path) -> tuple[dict[str, str], dict[str, str], float]:
    """Make what is there before a job, and run it undisturbed: old contents, new ones, seconds."""
    make_domains(folder)
    for words in job.prepare:
        code, said = run(words, folder)
        assert code == 0, said
    old = contents(folder / job.result) if (folder / job.result).exists() else {}
    with tempfile.TemporaryDirectory(dir=folder.parent) as other:
        whole = Path(other) / "trial"
        shutil.copytree(folder, whole)
        began = time.monotonic()
        code, said = run(job.words, whole)
        seconds = time.monotonic() - began
        assert code == 0, said
        new = contents(whole / job.result)
    (folder / "output.txt").unlink(missing_ok=True)
    return old, new, seconds


def _warm() -> None:
    """Import what commands import, so that a forked process begins at once; no operation of TensorFlow is run."""


def main() -> int:
    """Kill all jobs in turn; returns 1 if a trial broke a rule."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, metavar="N", help="trials in all (default: 100)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the moments (default: 0)")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="jobs whose names begin so")
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    jobs = [job for job in JOBS if not arguments.only or job.name.startswith(tuple(arguments.only))]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    _warm()
    seen: Counter[tuple[str, str]] = Counter()
    faults = []
    with tempfile.TemporaryDirectory() as place:
        ready = {}
        for job in progress_bar(jobs, desc="undisturbed", unit="job"):
            folder = Path(place) / job.name.replace(" ", "_").replace(",", "")
            folder.mkdir()
            ready[job.name] = (folder, *prepared(job, folder))
        work = Path(place) / "work"
        work.mkdir()
        for number in progress_bar(range(arguments.kills), desc="kills", unit="kill"):
            job = jobs[number % len(jobs)]
            folder, old, new, seconds = ready[job.name]
            after = float(rng.uniform(0, 1.05 * seconds))
            found, fault = trial(job, folder, old, new, work, after)
            seen[job.name, found] += 1
            said = f"{number + 1}: {job.name}, killed after {after:.2f} of {seconds:.2f} s: {found}"
            print(f"{said}{'; ' if fault else ''}{fault}", flush=True)
            if fault:
                faults.append(f"{said}; {fault}")
    for job in jobs:
        states = ", ".join(f"{count} {found}" for (name, found), count in sorted(seen.items()) if name == job.name)
        print(f"  {job.name}: {states}")
    print(f"{arguments.kills} kills, seed {arguments.seed}: {len(faults)} broke a rule")
    for fault in faults:
        print(f"  {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
