"""All detectors side by side in one run: accuracy, speed, seconds of an adaptation, parameters and memory.

    forensictransfer data build forged_photos
    python benchmarks/detectors.py --source forged_photos/resynth_nearest --target forged_photos/retouch --minutes 0.5

Each detector is trained on the source within the same processor time, tested there and on the target without shots, and
adapted to the target with ten shots, all by the package's own commands; each in a process of its own, so that its peak
of memory is its own. Rates are taken in the same process, on images of the source in memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # works in a bare clone, too

from forensictransfer.core.backend import import_tensorflow
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.settings import load_settings
from forensictransfer.core.yaml_text import parse_value
from forensictransfer.detectors.registry import detectors

SHOTS = 10
HEAD = ("detector", "parameters", "million", "train/s", "score/s", "adapt s", "MiB", "own test", "0 shots", "10 shots")
IMAGES = 128  # of the source, for the rates


def parse(words: list[str] | None) -> argparse.Namespace:
    """Parse the options."""
    ready = [name for name, entry in detectors().items() if not entry.needs_preset]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", default="forged_photos/resynth_nearest", help="domain to learn from")
    parser.add_argument("--target", default="forged_photos/retouch", help="domain to adapt to")
    parser.add_argument(
        "--detectors", nargs="+", default=ready, metavar="NAME", help="default: all but those on presets"
    )
    parser.add_argument("--minutes", type=float, default=0.5, help="processor minutes of each training (default 0.5)")
    parser.add_argument("--crop", type=int, default=64, help="side of the crops, if a detector takes them (default 64)")
    parser.add_argument("--draws", type=int, default=5, help="draws of the shots (default 5)")
    parser.add_argument("--seconds", type=float, default=2.0, help="seconds of each timing (default 2)")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="more settings of all")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "detectors.json")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser.parse_args(words)


def main(words: list[str] | None = None) -> int:
    """Measure all and print the table, or measure one and print its figures as JSON; returns the exit code."""
    options = parse(words)
    try:
        if options.one:
            print(json.dumps(measured(options.one, options)))
            return 0
        unknown = [name for name in options.detectors if name not in detectors()]
        if unknown:
            raise UserError(
                f"--detectors: unknown detector '{unknown[0]}' (known: {', '.join(detectors())})",
                code=ErrorCode.NAME_UNKNOWN,
            )
        rows = {name: in_a_process(name, sys.argv[1:] if words is None else words) for name in options.detectors}
    except UserError as error:
        print(f"detectors.py: error: {error}", file=sys.stderr)
        return 2
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({"options": {**vars(options), "out": options.out.name}, "rows": rows}, indent=2))
    print(table(rows, options))
    return 0


def in_a_process(name: str, words: list[str]) -> dict[str, Any]:
    """Measure one detector in a process of its own. Raises UserError with what its process said last if it failed."""
    print(f"detectors.py: {name}", file=sys.stderr, flush=True)
    command = [sys.executable, __file__, *words, "--one", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(
            f"{name}: {(done.stderr.strip().splitlines() or ['ended without a word'])[-1]}",
            code=ErrorCode.WORKERS_FAILED,
        )
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def measured(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Measure everything of one detector, as plain values."""
    import_tensorflow()
    import forensictransfer as ft
    from forensictransfer.detectors.arithmetic import arithmetic
    from forensictransfer.detectors.loading import trainable_class
    from forensictransfer.results.runs import RunFolder

    kind = trainable_class(name)
    crop = max(options.crop, kind.smallest)
    strategy = "finetune" if kind.gradient else "head"
    given: dict[str, Any] = {
        "detector": name,
        "data.crop": crop,
        "train.minutes": options.minutes,
        "train.epochs": 10_000,
        "train.patience": 10_000,
        "adapt.shots": SHOTS,
        "adapt.draws": options.draws,
        "adapt.strategy": strategy,
        **{key: parse_value(value) for key, _, value in (word.partition("=") for word in options.set)},
    }
    settings = load_settings(None, given)
    detector = kind.create(crop)
    row = {
        "crop": crop,
        "parameters": detector.model.count_params(),
        "multiply_adds": arithmetic(detector).encoder,
        "strategy": strategy,
    }
    with tempfile.TemporaryDirectory() as folder:
        trained, adapted = Path(folder) / "trained", Path(folder) / "adapted"
        began = time.process_time()
        ft.train(options.source, trained, settings=settings)
        row["training_processor_seconds"] = time.process_time() - began
        ft.evaluate(trained, options.target)
        ft.adapt(trained, options.target, adapted, settings={"adapt.strategy": strategy})
        run, after = RunFolder.open(trained), RunFolder.open(adapted)
        by_name = {one.target: one for one in run.evaluations()}
        own = by_name.pop(run.info.source_name)
        (zero_shot,) = by_name.values()
        found = {one.target: one for one in after.evaluations()}[zero_shot.target]
        history = trained / "history.csv"
        row["epochs"] = len(history.read_text().splitlines()) - 1 if history.is_file() else None
        for key, one in (("own", own), ("zero_shot", zero_shot), ("shots", found)):
            row[key] = {
                **{end: getattr(one.metrics["balanced_accuracy"], end) for end in ("value", "low", "high")},
                "images": one.n.images,
                "draws": one.draws,
            }
    row.update(rates_of(settings, options, training=kind.gradient))
    row["peak_memory_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return row


def rates_of(settings: Any, options: argparse.Namespace, *, training: bool) -> dict[str, float | None]:
    """Measure images/s of training and of scoring, and seconds of an adaptation with ten shots."""
    from benchmarks import measure
    from forensictransfer.data.domains import open_domain

    records = list(open_domain(options.source, data=settings.data).split("train"))
    reals, fakes = ([record for record in records if record.label == label][: IMAGES // 2] for label in (0, 1))
    mixed = [record for pair in zip(reals, fakes, strict=False) for record in pair]
    kept = ("memory",)
    timing = {"seconds": options.seconds, "repetitions": 3, "places": kept}
    return {
        "training_per_second": measure.training(mixed, settings, **timing)[0].spread.median if training else None,
        "scoring_per_second": measure.scoring(mixed, settings, "images", **timing)[0].spread.median,
        "adapting_seconds": measure.adapting(mixed, settings, "ten shots", 2)[1].spread.median,
    }


def table(rows: dict[str, dict[str, Any]], options: argparse.Namespace) -> str:
    """Write the figures for people."""
    cells = [HEAD, *(_cells(name, row) for name, row in rows.items())]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
    some = next(iter(rows.values()))
    sizes = {key: f"{some[key]['images']} images" for key in ("own", "shots")}
    notes = [
        "",
        f"source {options.source}, target {options.target}; balanced accuracy in % [95 % over groups and draws]",
        f"({sizes['own']} of the source; {sizes['shots']} of the target, {options.draws} draws); thresholds from the "
        "source's validation split (own test, 0 shots) or the shots",
        f"{options.minutes:g} processor minutes of training each; crops of {options.crop} pixels (@: larger ones); "
        "million: multiply-adds to score a crop",
        "train/s, score/s: images; adapt s: a draw of 10 + 10 shots (finetune, or head for what has no gradient); "
        "MiB: peak of the process",
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:], *notes])


def _cells(name: str, row: dict[str, Any]) -> tuple[str, ...]:
    training = row["training_per_second"]
    return (
        f"{name}{' @' + str(row['crop']) if row['crop'] % 64 else ''}",
        f"{row['parameters']:,}",
        f"{row['multiply_adds'] / 1e6:.1f}",
        "-" if training is None else f"{training:.0f}",
        f"{row['scoring_per_second']:.0f}",
        f"{row['adapting_seconds']:.1f}",
        f"{row['peak_memory_mib']:.0f}",
        *(_percent(row[key]) for key in ("own", "zero_shot", "shots")),
    )


def _percent(found: dict[str, Any]) -> str:
    value, low, high = (100 * (found[key] or 0) for key in ("value", "low", "high"))
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"


if __name__ == "__main__":
    sys.exit(main())
