"""How fast an audit goes, and how its memory grows with the images: made-up photographs, one worker against two.

    python benchmarks/audit.py --images 20000 --size 256

Writes the photographs to a temporary folder (or to --folder, which is kept), audits the first half of them and all of
them, in a process of their own each, and prints seconds of each step, images/s, and the memory of the command after it
has looked at the images ("then") and at most, and of its largest worker.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # works in a bare clone, too
sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
import photographs

from forensictransfer.core.progress import progress_bar

_EVERY = 0.2  # seconds between two looks at the memory
_VARIANTS = 16  # photographs that are made out of one: cut, so that making them takes less time than auditing them

# What is measured in a process of its own: each step of an audit, on the first `count` images of a domain.
_MEASURED = """
import json, os, sys, time
import psutil
import numpy as np
from forensictransfer.auditing import audit
from forensictransfer.auditing.copies.families import find_families
from forensictransfer.auditing.traces.scan import scan
from forensictransfer.core.settings import DataSettings
from forensictransfer.data.domains import open_domain
from dataclasses import replace
folder, count, workers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
domain = open_domain(folder, data=DataSettings())
half = count // 2
records = [r for label in (0, 1) for r in [r for r in domain.records if r.label == label][:half]]
domain = replace(domain, records=tuple(records))
start, worked = time.perf_counter(), time.process_time()
seen = scan(domain.records, max_pixels=10**8, workers=workers)
scanned, scan_worked = time.perf_counter(), time.process_time() - worked
held = psutil.Process(os.getpid()).memory_info().rss / 2**20
families = find_families(
    seen.hashes, seen.thumbs, seen.pixels, seen.groups, np.zeros(len(seen), int), seen.labels
)
compared = time.perf_counter()
found = audit.audit_scan(domain, seen)
done = time.perf_counter()
print(json.dumps({
    "images": len(seen),
    "looking": scanned - start,
    "processor": scan_worked if workers == 1 else None,
    "copies": compared - scanned,
    "the rest": done - compared - (compared - scanned),
    "held": held,
    "verdict": found.verdict.word,
}))
"""


def main(words: list[str] | None = None) -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=20_000, help="images of both classes together")
    parser.add_argument("--size", type=int, default=256, help="side of the images, pixels")
    parser.add_argument(
        "--folder", type=Path, help="where the images are written and kept (default: a temporary folder)"
    )
    parser.add_argument("--out", type=Path, help="JSON file for the measurements")
    options = parser.parse_args(words)
    with _folder(options.folder) as folder:
        write_domain(folder, options.images, options.size)
        rows = [
            measure(folder, count, workers)
            for count, workers in ((options.images // 2, 2), (options.images, 2), (options.images, 1))
        ]
    print(text(rows))
    if options.out is not None:
        options.out.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return 0


def write_domain(folder: Path, images: int, size: int) -> None:
    """Write as many JPEG files of quality 95, half of either class, made alike; what is there already is left alone."""
    margin = 8 * _VARIANTS
    made: np.ndarray | None = None
    for index in progress_bar(range(images), desc="making photographs", unit="image"):
        path = folder / ("real", "fake")[index % 2] / f"{index:06d}.jpg"
        if path.exists():
            continue
        if made is None or index % _VARIANTS == 0:
            made = photographs.photograph(np.random.default_rng([7, index // _VARIANTS]), size + margin)
        place = index % _VARIANTS
        # Far enough apart that no two pass for copies, which would have to be told apart at length.
        top, left = (place % 4) * margin // 4, (place // 4) * margin // 4
        part = made[top : top + size, left : left + size]
        part = part[:, ::-1] if place % 2 else part[::-1]
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.ascontiguousarray(part)).save(path, "JPEG", quality=photographs.QUALITY, subsampling="4:2:0")


def measure(folder: Path, count: int, workers: int) -> dict[str, Any]:
    """Audit `count` images in a process of its own; seconds of each step and the peak memory."""
    root = str(Path(__file__).resolve().parents[1])
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {root!r})\n{_MEASURED}"]
    process = subprocess.Popen([*command, str(folder), str(count), str(workers)], stdout=subprocess.PIPE, text=True)
    peaks = {"command": 0.0, "workers": 0.0}
    watcher = threading.Thread(target=_watch, args=(process, peaks))
    watcher.start()
    out, _ = process.communicate()
    watcher.join()
    if process.returncode:
        raise SystemExit(process.returncode)
    return {"workers": workers, **json.loads(out), "mib": peaks}


def _watch(process: subprocess.Popen[str], peaks: dict[str, float]) -> None:
    """Keep the largest memory that the command, and each of its workers at most, has taken, in MiB."""
    command = psutil.Process(process.pid)
    while process.poll() is None:
        with contextlib.suppress(psutil.Error):
            peaks["command"] = max(peaks["command"], command.memory_info().rss / 2**20)
            for child in command.children(recursive=True):
                peaks["workers"] = max(peaks["workers"], child.memory_info().rss / 2**20)
        time.sleep(_EVERY)


def text(rows: list[dict[str, Any]]) -> str:
    """Write a line for each measurement, and how the memory grew."""
    lines = ["images   workers  looking, s  images/s  copies, s  the rest, s  MiB then  MiB at most  a worker, MiB"]
    alone = next((row for row in rows if row["processor"]), None)
    for row in rows:
        rate = row["images"] / row["looking"]
        lines.append(
            f"{row['images']:<8} {row['workers']:<8} {row['looking']:<11.1f} {rate:<9.0f} {row['copies']:<10.1f} "
            f"{row['the rest']:<12.1f} {row['held']:<9.0f} {row['mib']['command']:<12.0f} {row['mib']['workers']:.0f}"
        )
    if alone is not None:
        milliseconds = 1000 * alone["processor"] / alone["images"]
        lines.append(
            f"looking takes {milliseconds:.2f} ms of one processor an image, whatever else the machine is doing"
        )
    each = 1024 * (rows[1]["held"] - rows[0]["held"]) / max(rows[1]["images"] - rows[0]["images"], 1)
    lines.append(
        f"what the command holds after looking grew by {each:.1f} KiB an image from the first line to the next"
    )
    return "\n".join(lines)


@contextlib.contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


if __name__ == "__main__":
    sys.exit(main())
