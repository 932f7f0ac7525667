"""Damaged and hostile inputs by the thousand, and what becomes of them.

    python benchmarks/fuzz.py images --count 10000
    python benchmarks/fuzz.py texts --count 4000
    python benchmarks/fuzz.py folders --count 2000
    python benchmarks/fuzz.py folders --count 100 --models

Images of every kind that is read (JPEG, PNG, BMP, WebP, TIFF), texts of settings, domains and groups, and run folders
and sweeps of tests/fixtures are changed by random and by structured mutations. Each must be read or refused in one
line: no traceback, no hang, no runaway memory, and no pixels that another decoder contradicts. What broke that rule is
listed, kept in --keep, and makes the exit code 1; the same --seed gives the same inputs.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # works in a bare clone, too

import numpy as np

from benchmarks.fuzzing import images, run_folders, texts
from forensictransfer.core.progress import progress_bar

FIXTURES = Path(__file__).resolve().parents[1] / "tests" / "fixtures" / "v0_1"


def fuzz_images(count: int, seed: int, keep: Path | None) -> list[str]:
    """Damage images; print what became of them and return the faults."""
    sound = images.sound_images()
    for name, data in sound.items():
        assert not images.examine(data).fault, name
    names = list(islice(cycle(sound), count))
    found: Counter[tuple[str, str]] = Counter()
    by_format: Counter[tuple[str, str]] = Counter()
    faults = []
    for number, (name, data, outcome) in enumerate(
        progress_bar(images.fuzz(sound, names, seed), desc="images", total=count, unit="image")
    ):
        found[outcome.kind, outcome.other] += 1
        by_format[name.split()[0], outcome.kind] += 1
        if outcome.fault or outcome.other == images.DIFFERS:
            said = outcome.fault or outcome.other
            if outcome.fault:
                faults.append(f"image {number} ({name}): {said}")
            _keep(keep, f"image-{number}-{name.replace(' ', '_').replace(':', '')}", data)
    _table(found, count)
    for kind in dict.fromkeys(name.split()[0] for name in sound):
        print(f"  {kind:5} {by_format[kind, images.READ]:6,} read, {by_format[kind, images.REFUSED]:6,} refused")
    return faults


def fuzz_texts(count: int, seed: int, keep: Path | None) -> list[str]:
    """Damage texts; print how many were read without a fault and return the faults."""
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        found = texts.fuzz_texts(Path(folder), count, seed)
        for number, (data, fault) in enumerate(progress_bar(found, desc="texts", total=count, unit="text")):
            if fault:
                faults.append(f"text {number}: {fault}")
                _keep(keep, f"text-{number}.txt", data)
    print(f"  {count - len(faults):,} of {count:,} read, or refused in a line")
    return faults


def fuzz_folders(count: int, seed: int, models: bool) -> list[str]:
    """Spoil run folders and sweeps and call commands on them; print their exit codes and return the faults."""
    runs = sorted([*(FIXTURES / "sweep" / "runs").iterdir(), *(FIXTURES / "runs").iterdir()])
    show: list[Callable[[Path], list[str]]] = [
        lambda run: ["show", str(run)],
        lambda run: ["show", str(run), "--json"],
        lambda run: ["table", str(run)],
    ]
    report: list[Callable[[Path], list[str]]] = [lambda sweep: ["report", str(sweep)]]
    if models:
        small = [run for run in runs if "cooccurrence" in run.name and (run / "model.keras").is_file()]
        runs = small or runs
        target = str(FIXTURES / "domains" / "second")
        rest = ["--strategy", "threshold", "--overwrite"]
        show = [
            lambda run: ["evaluate", str(run), "--on", target, "--overwrite"],
            lambda run: [*f"adapt {run} --target {target} --out {run}-adapted --shots 2".split(), *rest],
        ]
    rng = np.random.default_rng(seed)
    codes: Counter[tuple[str, str]] = Counter()
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        for number in progress_bar(range(count), desc="folders", total=count, unit="folder"):
            as_sweep = number % 4 == 3 and not models
            sound = FIXTURES / "sweep" if as_sweep else runs[int(rng.integers(len(runs)))]
            for tried in run_folders.try_commands(sound, Path(folder), report if as_sweep else show, rng):
                codes[tried.command, f"exit code {tried.code}"] += 1
                if tried.fault:
                    faults.append(f"folder {number} ({tried.change}), {tried.command}: {tried.fault}")
    _table(codes, sum(codes.values()))
    return faults


def _table(found: Counter[tuple[str, str]], total: int) -> None:
    for (first, second), number in sorted(found.items()):
        print(f"  {number:8,}  {100 * number / total:5.1f} %  {first}{', ' if second else ''}{second}")


def _keep(folder: Path | None, name: str, data: bytes) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def main() -> int:
    """Run one kind of fuzzing; returns 1 if anything broke the rule."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=("images", "texts", "folders"), help="what is damaged")
    parser.add_argument("--count", type=int, default=1000, metavar="N", help="how many inputs (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of all that is random (default: 0)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where images and texts that broke a rule are kept")
    parser.add_argument("--models", action="store_true", help="folders: evaluate and adapt instead of show and table")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # of PIL, for damaged metadata
    logging.disable(logging.WARNING)
    began = time.perf_counter()
    if arguments.kind == "folders":
        faults = fuzz_folders(arguments.count, arguments.seed, arguments.models)
    else:
        fuzz = fuzz_images if arguments.kind == "images" else fuzz_texts
        faults = fuzz(arguments.count, arguments.seed, arguments.keep)
    print(f"{arguments.count:,} {arguments.kind}, seed {arguments.seed}, {time.perf_counter() - began:.0f} s:", end=" ")
    print(f"{len(faults):,} broke the rule")
    for fault in faults[:50]:
        print(f"  {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
