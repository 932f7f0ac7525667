"""The command in this process: what `python -m forensictransfer WORDS` does, without some seconds of imports each time.

A few tests of each command start a real process, where that is the point: a kill, a limit, what is imported.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
from unittest import mock

from forensictransfer.cli.main import main


def run_command(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one command; returns its exit code and what it printed, as `subprocess.run` would.

    environment: variables that it has besides those of this process.
    """
    said = [str(word) for word in words]
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.dict(os.environ, environment),
    ):
        code = main(said)
    return subprocess.CompletedProcess(said, code, out.getvalue(), err.getvalue())


def answered(*words: object, code: int = 0) -> str:
    """Run one command, which must end with `code`; returns what it printed, or its one line of error."""
    done = run_command(*words)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr.splitlines()[-1]
