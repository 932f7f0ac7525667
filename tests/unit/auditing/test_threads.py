"""The classifier's one thread."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FITTED = """
import numpy as np
from threadpoolctl import threadpool_info
from forensictransfer.auditing import classifier

fit, seen = classifier.fitted, []

def watched(*given):
    seen.append([library["num_threads"] for library in threadpool_info() if library["user_api"] == "openmp"])
    return fit(*given)

classifier.fitted = watched
labels = np.arange(40) % 2
classifier.out_of_fold(labels[:, None].astype(np.float32), [False], labels, np.arange(40))
assert seen and all(threads and set(threads) == {1} for threads in seen), seen
"""


def test_a_fit_has_one_thread_in_a_process_that_has_loaded_nothing_before() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "2"}
    done = subprocess.run([sys.executable, "-c", FITTED], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
