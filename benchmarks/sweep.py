"""How a sweep's time and memory go: one worker against several, one thread against several, job after job.

    python benchmarks/sweep.py configs/sweep.yaml --out sweeps/b --domains forged_photos/splice forged_photos/retouch

Does the same sweep several times, each in a folder of its own and from nothing, and prints wall time, the ratio to the
first, and how the workers' memory went. With --read it prints what a finished sweep says of itself instead.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # works in a bare clone, too

import forensictransfer as ft
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.yaml_text import read_yaml, write_yaml
from forensictransfer.sweep.folder import SweepFolder

WAYS = ((1, 1), (2, 1), (1, 2))  # workers, threads of each


def main() -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("settings", type=Path, help="settings of the sweep, or with --read the folder of one")
    parser.add_argument("--out", type=Path, help="folder for the sweeps")
    parser.add_argument("--domains", nargs="+", help="these domains instead of the settings' own")
    parser.add_argument("--read", action="store_true", help="report on a finished sweep")
    options = parser.parse_args()
    try:
        print(cost_text(options.settings) if options.read else compare(options))
    except UserError as error:
        print(f"sweep: error: {error}", file=sys.stderr)
        return 2
    return 0


def compare(options: argparse.Namespace) -> str:
    """Measure and write a line for each way of sharing out the processors."""
    if options.out is None:
        raise UserError("--out: expected a folder for the sweeps", code=ErrorCode.COMMAND_LINE)
    options.out.mkdir(parents=True, exist_ok=True)
    asked = read_yaml(options.settings)
    if options.domains:
        asked["domains"] = options.domains
    settings = options.out / "sweep.yaml"
    settings.write_text(write_yaml(asked), encoding="utf-8")
    lines, first = ["workers  threads  seconds  against the first  jobs"], 0.0
    for workers, threads in WAYS:
        out = options.out / f"{workers}x{threads}"
        shutil.rmtree(out, ignore_errors=True)
        start = time.monotonic()
        done = ft.run_sweep(settings, out, workers=workers, threads=threads)
        seconds = time.monotonic() - start
        first = first or seconds
        lines.append(f"{workers:7d}  {threads:7d}  {seconds:7.0f}  {first / seconds:17.2f}  {done.done}/{done.total}")
    return "\n".join(lines)


def cost_text(path: Path) -> str:
    """Sum up seconds by kind of job, and each worker's memory after every tenth of its jobs."""
    folder = SweepFolder.open(path)
    records = sorted((folder.record(name) for name in folder.ended()), key=lambda record: str(record["ended"]))
    kinds: dict[tuple[str, str], list[Any]] = defaultdict(list)
    workers: dict[str, list[float]] = defaultdict(list)
    for record in records:
        if record["state"] == "done":
            kinds[record["kind"], record["strategy"]].append(record)
            workers[record["worker"]].append(record["memory_mb"])
    lines = ["kind       strategy     jobs  seconds each  processor seconds each"]
    for (kind, strategy), of_kind in kinds.items():
        wall, cpu = (sum(record[key] for record in of_kind) / len(of_kind) for key in ("seconds", "cpu_seconds"))
        lines.append(f"{kind:9}  {strategy:11}  {len(of_kind):4d}  {wall:12.2f}  {cpu:22.2f}")
    for worker, memory in workers.items():
        places = [round(i * (len(memory) - 1) / 10) for i in range(11)]
        lines.append(f"{worker}: MiB after each tenth of its jobs: {' '.join(f'{memory[i]:.0f}' for i in places)}")
    created = json.loads((path / "sweep.json").read_text())["created"]
    lines.append(f"begun {created}, last job ended {records[-1]['ended']}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
