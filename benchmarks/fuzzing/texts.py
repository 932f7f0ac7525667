"""Texts that people write, damaged: settings, domain files, sweeps, and tables of groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.fuzzing.limits import time_limit
from benchmarks.fuzzing.mutations import mutated
from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import DataSettings, load_settings
from forensictransfer.core.settings.loading import load_checked
from forensictransfer.data.domains import open_domain
from forensictransfer.sweep.settings import SweepSettings

SECONDS = 10  # for one text
SOUND = {
    "settings.yaml": b"seed: 3\ndetector: ft-res\ntrain: {epochs: 4, learning_rate: 1e-3, balance: true}\n"
    b"data:\n  crop: 64\n  augment: {flip: true}\nadapt.shots: 10\n",
    "domain.yaml": b"path: images\nname: made\ngroup: groups.csv\n",
    "groups.csv": b"path,group\nreal/0.png,a\nreal/1.png,b\nfake/0.png,a\nfake/1.png,'c\"\n",
}
# What random bytes hardly find.
HOSTILE = (
    b"a: &a [x]\n" + b"".join(b"%c: &%c [*%c,*%c]\n" % (98 + i, 98 + i, 97 + i, 97 + i) for i in range(20)),
    b"a: &a\n  b: *a\n",
    b"a: " + b"[" * 50_000,
    b"a: " + b"{a: " * 3000,
    b"? " * 5000,
    b"- " * 5000,
    b"seed: " + b"9" * 20_000,
    b"seed: 0x" + b"f" * 20_000,
    b"seed: 1_" * 9000,
    b"seed: 190:20:30.15\n",
    b"seed: 2001-99-99\n",
    b"seed: !!python/object/apply:os.system [ls]\n",
    b"seed: !!binary =\n",
    b"seed: !!float x\n",
    b"seed: !!set {1, 2}\n",
    b"<<: {seed: 1}\n<<: [1, 2]\n",
    b"train: {<<: 3}\n",
    b"{1: 2, null: 3, 1.5: x, true: y}\n",
    b"%YAML 9.9\n---\nseed: 1\n...\n---\nseed: 2\n",
    b"\xef\xbb\xbfseed: 1\n",
    b"\xff\xfes\0e\0e\0d\0:\0 \0001\0",
    b'seed: "\\ud800"\n',
    b"\0" * 300,
    b"path,group\n" + b"x" * 300_000 + b",1\n",
    b'path,group\n"never ends,1\n' + b"a,b\n" * 2000,
    b"path,group\n" + b"a,b,c,d\n" * 3 + b"\r\r\r",
    b"path;group\nreal/0.png;1\n",
)


def fuzz_texts(folder: Path, count: int, seed: int) -> Iterator[tuple[bytes, str]]:
    """Read damaged texts: (text, what must not be; empty if all is well).

    folder: an empty one, to work in.
    """
    rng = np.random.default_rng(seed)
    for name in ("real/0.png", "real/1.png", "fake/0.png", "fake/1.png"):
        (folder / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(folder / "images" / name)
    readers: tuple[tuple[str, Callable[[Path], object]], ...] = (
        ("settings.yaml", load_settings),
        ("settings.yaml", lambda path: load_checked(SweepSettings, path)),
        ("domain.yaml", lambda path: open_domain(path, data=DataSettings())),
        ("groups.csv", lambda path: open_domain(path.parent / "domain.yaml", data=DataSettings())),
    )
    for number in range(count):
        name, read = readers[number % len(readers)]
        for other, text in SOUND.items():
            (folder / other).write_bytes(text)
        data = HOSTILE[number % len(HOSTILE)] if number < 4 * len(HOSTILE) else mutated(SOUND[name], rng)
        (folder / name).write_bytes(data)
        yield data, _fault(read, folder / name)


def _fault(read: Callable[[Path], object], path: Path) -> str:
    try:
        with time_limit(SECONDS):
            read(path)
    except UserError as error:
        longest = max(map(len, error.line.splitlines()))
        return f"says a line of {longest} characters" if longest > 1600 else ""
    except TimeoutError:
        return f"takes more than {SECONDS} s"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    return ""
