"""How fast the project trains, scores and adapts, and what share that is of what the machine can do.

    python benchmarks/bench.py            (the same as `make bench`; some five minutes on two cores)
    python benchmarks/bench.py --size 256 --batch 64 --detector ft-res --seconds 3 --out bench.json

Every figure is the median of several repetitions, with the lowest and the highest; warming up does not count. Machines
are noisy, so the machine's own rates are measured before and after in the same run, and the shares are what to compare.
See benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # works in a bare clone, too

from forensictransfer.core.backend import import_tensorflow
from forensictransfer.core.environment import environment
from forensictransfer.core.files import write_json
from forensictransfer.core.settings import DataSettings
from forensictransfer.detectors.registry import detectors

if TYPE_CHECKING:
    from benchmarks.machine import Spread
    from benchmarks.measure import Measurement
    from forensictransfer.data.records import Record

OUT = Path(__file__).resolve().parent / "results" / "bench.json"
DEFAULTS = DataSettings()
PARTS = ("training", "scoring", "adapting", "few shots")
DESCRIPTOR = "rich_model"  # what few shots are best adapted by
SEED = 0


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the table and write the JSON; returns the exit code."""
    options = parsed(argv)
    import_tensorflow()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        result = measured(options, Path(folder))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_json(options.out, result)
    print(table(result))
    print(f"\nwritten: {os.path.relpath(options.out)}")
    return 0


def parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse and check the options."""
    ready = [name for name, entry in detectors().items() if not entry.needs_preset]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=256, help="side of the square images, pixels (default: 256)")
    parser.add_argument("--batch", type=int, default=64, help="crops at once in training and scoring (default: 64)")
    parser.add_argument("--detector", choices=ready, default="ft-res", help="default: ft-res")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a repetition (default: 3)")
    parser.add_argument("--repetitions", type=int, default=5, help="of each measurement (default: 5)")
    parser.add_argument("--workers", type=int, default=DEFAULTS.workers, help="decoding threads (default: %(default)s)")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure (default: all)")
    parser.add_argument("--out", type=Path, default=OUT, help="JSON file (default: benchmarks/results/bench.json)")
    options = parser.parse_args(argv)
    if options.size < 64 or options.size % 16:
        parser.error(f"--size: expected a multiple of 16 from 64 on, got {options.size}")
    if options.batch < 2 or options.batch % 2:
        parser.error(f"--batch: expected an even number from 2 on, got {options.batch}")
    if options.seconds <= 0 or options.repetitions < 1 or options.workers < 1:
        parser.error("--seconds, --repetitions, --workers: expected positive numbers")
    return options


def measured(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Measure everything, as plain values."""
    from benchmarks import machine, measure
    from benchmarks.photographs import QUALITY, write_photographs
    from forensictransfer.detectors.arithmetic import arithmetic
    from forensictransfer.detectors.loading import trainable_class

    load, peaks = [os.getloadavg()], {"with the libraries loaded": machine.peak_memory_mib()}
    say(f"photographs of {options.size} x {options.size}")
    records = write_photographs(folder, max(4 * options.batch, 2 * measure.SHOTS), options.size, SEED)
    files = [Path(str(record.source)) for record in records]

    def rates_of_the_machine() -> list[Spread]:
        say("the machine itself")
        half = {"seconds": options.seconds, "repetitions": (options.repetitions + 1) // 2}
        threads = (1, options.workers)
        return [machine.matrix_product(**half), *(machine.jpeg_decoding(files, threads=n, **half) for n in threads)]

    before = rates_of_the_machine()
    found = measurements(options, records, peaks)
    rates = [a + b for a, b in zip(before, rates_of_the_machine(), strict=True)]
    load.append(os.getloadavg())
    kind = trainable_class(options.detector)
    counts = {crop: arithmetic(kind.build(crop)) for crop in (options.size, tile_side(options.size))}
    return {
        "format": 1,
        "options": {**vars(options), "out": options.out.name},
        "environment": {**asdict(environment()), "accelerators": accelerators()},
        "load_average": {"before": load[0], "after": load[1]},
        "images": {
            "count": len(records),
            "side": options.size,
            "jpeg_quality": QUALITY,
            "mean_bytes": sum(path.stat().st_size for path in files) / len(files),
        },
        "multiply_adds": {str(crop): count.to_json() for crop, count in counts.items()},
        "machine": {
            "matrix_product_gflops": rates[0].to_json(),
            "jpeg_decoding_1_thread": rates[1].to_json(),
            "jpeg_decoding_all_threads": {"threads": options.workers, **rates[2].to_json()},
        },
        "measurements": [
            {
                "name": item.name,
                "unit": item.unit,
                **item.spread.to_json(),
                "gflops": item.gflops(),
                "share_of_matrix_product": item.gflops() / rates[0].median,
                "share_of_matrix_product_as_drawn": item.gflops(drawn=True) / rates[0].median,
                "share_of_jpeg_decoding": item.spread.median / rates[2].median if item.from_files else None,
            }
            for item in found
        ],
        "peak_memory_mib": peaks,
    }


def measurements(options: argparse.Namespace, records: list[Record], peaks: dict[str, float]) -> list[Measurement]:
    """Measure the parts that were asked for; the peak memory after each is added to `peaks`."""
    from benchmarks import machine, measure

    shape = (options.batch, options.workers)
    whole = measure.settings_for(options.detector, options.size, *shape, adapt__steps=30, adapt__batch=20)
    tiled = measure.settings_for(options.detector, tile_side(options.size), *shape)
    variants = ((f"{whole.data.crop} px crops", whole), (f"{tiled.data.crop} px tiles", tiled))
    found: dict[str, list[Measurement]] = {part: [] for part in PARTS}
    # From what takes least memory to what takes most, since the peak never falls.
    for part in sorted(set(options.parts), key=("scoring", "few shots", "adapting", "training").index):
        say(part)
        if part == "few shots":
            for crop in (options.size, tile_side(options.size)):
                described = measure.settings_for(DESCRIPTOR, crop, *shape, adapt__strategy="head")
                what = f"by {DESCRIPTOR} in {crop} px crops"
                shortly = (options.seconds, options.repetitions, ["memory"])
                found[part] += measure.scoring(records, described, what, *shortly)
            found[part] += measure.few_shots(records, described, options.repetitions)
        if part == "training":
            found[part] += measure.training(records, whole, options.seconds, options.repetitions)
        for name, settings in variants:
            if part == "scoring":
                found[part] += measure.scoring(records, settings, f"in {name}", options.seconds, options.repetitions)
            if part == "adapting":
                what = f"{settings.adapt.steps} steps of {settings.adapt.batch} {name}"
                found[part] += measure.adapting(records, settings, what, options.repetitions)
        peaks[f"after {part}"] = machine.peak_memory_mib()
    return [item for part in PARTS for item in found[part]]


def tile_side(size: int) -> int:
    """Choose the crop for scoring images in tiles: the default one where it is smaller than the image."""
    return min(DEFAULTS.crop, size // 2)


def table(result: dict[str, Any]) -> str:
    """Write the result for people."""
    options, machine = result["options"], result["machine"]
    processors = result["environment"]["processors"]
    devices = ", ".join(result["environment"]["accelerators"]) or "no accelerator"
    load = [result["load_average"][when][0] for when in ("before", "after")]
    lines = [
        f"{options['detector']}, batch {options['batch']}, images of {options['size']} x {options['size']} "
        f"(JPEG, {result['images']['mean_bytes'] / 1e3:.1f} kB)",
        f"{processors} processors, {devices}, load {load[0]:.1f} before and {load[1]:.1f} after",
        "",
        f"{'the machine':<62}{'median':>9}{'min':>9}{'max':>9}",
    ]
    threads = machine["jpeg_decoding_all_threads"]["threads"]
    for name, key in (
        ("matrix product, float32, GFLOP/s", "matrix_product_gflops"),
        ("JPEG decoding, 1 thread, images/s", "jpeg_decoding_1_thread"),
        (f"JPEG decoding, {threads} threads, images/s", "jpeg_decoding_all_threads"),
    ):
        lines.append(f"{name:<62}{_numbers(machine[key])}")
    lines += ["", f"{'':<89}  share reached of the", f"{'':<89}  {'matrix product':<20}JPEG"]
    lines.append(f"{'the project':<62}{'median':>9}{'min':>9}{'max':>9}  {'computed':>9}{'drawn':>9}{'decoding':>10}")
    for row in result["measurements"]:
        shares = [f"{row['share_of_matrix_product']:.0%}", f"{row['share_of_matrix_product_as_drawn']:.0%}"]
        decoding = row["share_of_jpeg_decoding"]
        shares.append("-" if decoding is None else f"{decoding:.0%}")
        name = f"{row['name']}, {row['unit']}"
        lines.append(f"{name:<62}{_numbers(row)}  {shares[0]:>9}{shares[1]:>9}{shares[2]:>10}")
    lines += ["", "million multiply-adds for one crop"]
    for side, count in result["multiply_adds"].items():
        parts = [f"{key.replace('_', ' ')} {value / 1e6:.1f}" for key, value in count.items() if isinstance(value, int)]
        lines.append(f"  {side} px: {', '.join(parts)}")
        if count["uncounted_layers"]:
            lines.append(f"    not counted, so the shares are too small: {', '.join(count['uncounted_layers'])}")
    peaks = ", ".join(f"{value:.0f} {name}" for name, value in result["peak_memory_mib"].items())
    return "\n".join([*lines, "", f"peak memory so far, MiB: {peaks}"])


def accelerators() -> list[str]:
    """List the names of the GPUs that TensorFlow sees."""
    import tensorflow as tf

    devices = tf.config.list_physical_devices("GPU")
    return [tf.config.experimental.get_device_details(device).get("device_name", device.name) for device in devices]


def say(what: str) -> None:
    """Print progress, on stderr."""
    print(f"bench: {what}", file=sys.stderr, flush=True)


def _numbers(row: dict[str, Any]) -> str:
    return "".join(f"{row[key]:>9.4g}" for key in ("median", "min", "max"))


if __name__ == "__main__":
    sys.exit(main())
