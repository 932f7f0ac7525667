"""What is said of the jobs that workers are doing."""

from __future__ import annotations

import logging
import os
import socket
import time
from pathlib import Path

import pytest

from forensictransfer.results.formats.document import write_document
from forensictransfer.results.formats.sweep import WorkerStatus
from forensictransfer.sweep.display import Display
from forensictransfer.sweep.folder import SweepFolder
from forensictransfer.sweep.grid import Grid
from tests.sweep_folder import write_sweep


def test_living_workers_count_and_what_is_no_status_does_not(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = SweepFolder(
        write_sweep(tmp_path / "sweep", sources=("alpha",), shots=(0,), strategies=("head",), images=2)
    )
    path = folder.worker_file(f"{socket.gethostname()}:{os.getpid()}")
    write_document(path, WorkerStatus(job="a", since=time.time() - 5))
    write_document(folder.worker_file(f"{socket.gethostname()}:x"), WorkerStatus(job="x", since=0.0))
    write_document(folder.worker_file("elsewhere:1"), WorkerStatus(job="b", since=time.time() - 5))
    for number, text in enumerate(("", "{", "[]", "{}", '{"job": "c"}', '{"job": "c", "since": "now"}')):
        folder.worker_file(f"elsewhere:{number + 2}").write_text(text)
    with caplog.at_level(logging.INFO, logger="forensictransfer"):
        Display(folder, Grid((), (), ("alpha",), ("alpha",)), 1, 1).show({})
    assert "2 running" in caplog.text
