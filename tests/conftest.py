"""What tests share: two tiny domains, one run trained on the first, and how to make and read such things.

Starting TensorFlow and training take seconds even for toys, so the run is trained once for all tests; a test that
changes a run works on a copy (`copied_run`).
"""

from __future__ import annotations

import csv
import gc
import os
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image, ImageFilter

from tests.forked import ForkedPopen, fork_server
from tests.traced import UNIT, TracedTests

# No deadline for one example, since machines are shared and the first call imports.
settings.register_profile("shared-machine", deadline=None)
settings.load_profile("shared-machine")

SIZE = (88, 80)  # height, width: with crops of 64 and a stride of 16, 3 x 2 tiles
COUNTS = {"train": 16, "validation": 4, "test": 6}  # of either class
QUICK = {
    "data.crop": 64,
    "train.epochs": 3,
    "train.batch": 16,
    "train.statistics_batches": 2,
    "adapt.shots": 3,
    "adapt.draws": 2,
    "adapt.steps": 6,
    "adapt.batch": 8,
    "adapt.trials": 4,
    "adapt.shots_only": False,  # half a second for each adaptation
    "evaluate.stride": 16,
    "evaluate.batch": 16,
    "evaluate.resamples": 50,
}


def stems(prefix: str, counts: dict[str, int]) -> dict[str, list[str]]:
    """File stems that the hash of the group puts into the splits, as many as asked for."""
    from forensictransfer.core.settings import DataSettings
    from forensictransfer.data.splits import split_of

    found: dict[str, list[str]] = {split: [] for split in counts}
    number = 0
    while any(len(found[split]) < count for split, count in counts.items()):
        stem = f"{prefix}{number:03d}"
        split = split_of(stem, DataSettings().split)
        if len(found.get(split, ())) < counts.get(split, 0):
            found[split].append(stem)
        number += 1
    return found


def write_domain(
    folder: Path, prefix: str, *, blur: float = 1.0, blend: float = 0.2, contrast: float = 1.0, seed: int = 0
) -> Path:
    """Reals are noise; a fake is a real of the same name, a little smoothed: the trace that a residual shows best.

    Each photograph has a contrast between `contrast` and 1, drawn evenly: the lower, the harder to tell them apart.
    """
    rng = np.random.default_rng(seed)
    for name in ("real", "fake"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for names in stems(prefix, COUNTS).values():
        for name in names:
            noise = rng.integers(0, 256, (*SIZE, 3), np.uint8)
            real = Image.fromarray((noise * rng.uniform(contrast, 1)).astype(np.uint8))
            fake = Image.blend(real, real.filter(ImageFilter.GaussianBlur(blur)), blend)
            real.save(folder / "real" / f"{name}.png")
            fake.save(folder / "fake" / f"{name}.png")
    return folder


def photograph(seed: int, size: tuple[int, int] = (96, 104)) -> Image.Image:
    """A picture of shapes and texture of its own for each seed, as different from others as photographs are."""
    rng = np.random.default_rng(seed)
    height, width = size
    layers = np.zeros((height, width, 3), np.float32)
    for side, weight in ((3, 60), (6, 40), (13, 25), (29, 12)):
        coarse = Image.fromarray(rng.integers(0, 256, (side, side, 3), np.uint8))
        layers += weight * (
            np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.float32) / 127.5 - 1
        )
    layers += rng.normal(0, 3, layers.shape) + rng.uniform(100, 150)
    return Image.fromarray(np.clip(layers, 0, 255).astype(np.uint8))


def damage(folder: Path, prefix: str) -> dict[str, str]:
    """Add one file of every kind that cannot be read to each split; returns name in the domain -> part of the reason.

    The kinds alternate between the classes.
    """
    whole = next(iter(sorted((folder / "real").glob("*.png")))).read_bytes()
    noise = np.random.default_rng(9).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(folder / "whole.jpg")
    jpeg = (folder / "whole.jpg").read_bytes()
    (folder / "whole.jpg").unlink()
    kinds: list[tuple[str, bytes | None, str]] = [
        ("corrupt.png", whole[:60] + bytes(200) + whole[260:], "cannot be decoded as PNG"),
        ("truncated.jpg", jpeg[: len(jpeg) // 2], "cannot be decoded as JPEG"),
        ("empty.png", b"", "found 0 bytes"),
        ("text.jpg", b"no image at all\n" * 9, "found no image"),
        ("huge.png", _png_header(30_000, 30_000), "30,000 x 30,000 pixels are 900.0 megapixels"),
        ("locked.png", None, "cannot be read"),
    ]
    expected = {}
    for names in stems(prefix, dict.fromkeys(COUNTS, len(kinds))).values():
        for i, (stem, (kind, content, reason)) in enumerate(zip(names, kinds, strict=True)):
            path = folder / ("real", "fake")[i % 2] / f"{stem}{os.path.splitext(kind)[1]}"
            if content is None:
                _unreadable(path)
            else:
                path.write_bytes(content)
            expected[path.relative_to(folder).as_posix()] = reason
    return expected


def _png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def _unreadable(path: Path) -> None:
    """A file that may not be read; root may read everything but its own unmapped memory."""
    path.write_bytes(b"secret")
    path.chmod(0)
    if os.access(path, os.R_OK):
        path.unlink()
        path.symlink_to("/proc/self/mem")


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(TracedTests())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first, unit tests last: of two processes none is left alone with a long one."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path not in slow, UNIT in item.path.parents))


def pytest_collection_finish() -> None:
    """Look less often for garbage: what has been imported stays, and graphs are some hundred thousand objects each."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 10)


@pytest.fixture(scope="session")
def quick() -> dict[str, Any]:
    """Settings for runs of a few seconds."""
    return dict(QUICK)


@pytest.fixture(scope="session")
def make_domain() -> Callable[..., Path]:
    """`write_domain`: a folder of noise and smoothed noise, of which nothing is known to any run."""
    return write_domain


@pytest.fixture(scope="session")
def add_damage() -> Callable[[Path, str], dict[str, str]]:
    """`damage`: files that cannot be read among the good ones of a folder."""
    return damage


@pytest.fixture(scope="session")
def make_photograph() -> Callable[..., Image.Image]:
    """`photograph`: a picture of its own for each seed; the latest are kept, since domains share them."""
    drawn = lru_cache(maxsize=512)(photograph)
    return lambda *arguments: drawn(*arguments).copy()


@pytest.fixture(scope="session")
def pick_stems() -> Callable[..., dict[str, list[str]]]:
    """`stems`: file stems of given splits."""
    return stems


@pytest.fixture(scope="session")
def rows() -> Callable[[Path], list[dict[str, str]]]:
    """`read_rows`: a CSV file as a list of mappings."""
    return read_rows


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source domain. Not to be changed."""
    return write_domain(tmp_path_factory.mktemp("domains") / "source", "a", seed=1)


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The target domain: other noise, another smoothing. Not to be changed."""
    return write_domain(tmp_path_factory.mktemp("domains") / "target", "b", blur=0.6, blend=0.3, seed=2)


@pytest.fixture(scope="session")
def trained(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run trained on `source` with the quick settings. Not to be changed."""
    import forensictransfer as ft

    return ft.train(source, tmp_path_factory.mktemp("runs") / "trained", settings=QUICK)


@pytest.fixture
def copied_run(trained: Path, tmp_path: Path) -> Path:
    """A copy of the trained run, to be changed."""
    return Path(shutil.copytree(trained, tmp_path / "copied"))


@pytest.fixture(scope="session")
def _fork_server() -> Iterator[None]:
    with fork_server():
        yield


@pytest.fixture
def forked_processes(_fork_server: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that the test and the package start by `subprocess` have imported TensorFlow when they begin.

    Those of fixtures for more than one test are fresh interpreters.
    """
    monkeypatch.setattr(subprocess, "Popen", ForkedPopen)
