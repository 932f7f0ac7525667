"""A PostgreSQL server for one test, from the system's package (Debian: apt install postgresql), gone afterwards."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

USER = "sweeper"


def binaries() -> Path:
    """The folder with initdb and postgres, of the newest version. Skips the test where there is none."""
    found = list(Path("/usr/lib/postgresql").glob("[0-9]*/bin/initdb"))
    if found:
        return max(found, key=lambda path: float(path.parts[-3])).parent
    on_path = shutil.which("initdb")
    if on_path is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt install postgresql)")
    return Path(on_path).resolve().parent


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty database on this machine, which nobody else uses; the server ends with the block.

    Everything lies in a folder in /tmp. Who runs as root gets a server that runs as `postgres` or `nobody`, since
    PostgreSQL refuses to run as root.
    """
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install forensictransfer[postgresql]")
    programs = binaries()
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path may have a hundred letters
    try:
        who = _other_user(folder) if os.geteuid() == 0 else {}
        data = folder / "data"
        _run(
            [programs / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"], who
        )
        server, port = _start(programs, folder, data, who)
        try:
            yield f"postgresql://{USER}@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGINT)  # "fast": whoever is still connected is thrown out
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                server.send_signal(signal.SIGQUIT)
                server.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _other_user(folder: Path) -> dict[str, Any]:
    """Options of `subprocess` that make it run as another user than root; `folder` becomes that user's."""
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names.get("nobody")
    if entry is None:
        pytest.skip("PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to run it as")
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _start(programs: Path, folder: Path, data: Path, who: dict[str, Any]) -> tuple[subprocess.Popen[bytes], int]:
    """A server that answers, and its port. Another process may take the free port first, so there are three tries."""
    options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(folder)}
    options |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")  # nothing here need last
    for _ in range(3):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        words = [str(programs / "postgres"), "-D", str(data), "-p", str(port)]
        words += [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT, cwd=folder, **who)
        end = time.monotonic() + 60
        while server.poll() is None and time.monotonic() < end:
            ready = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-U", USER, "-d", "postgres"]
            if subprocess.run(ready, check=False).returncode == 0:
                return server, port
            time.sleep(0.1)
        server.kill()
        server.wait()
    raise RuntimeError(f"PostgreSQL does not start: {(folder / 'log').read_text(errors='replace')}")


def _run(words: list[Any], who: dict[str, Any]) -> None:
    done = subprocess.run(words, capture_output=True, text=True, cwd="/", check=False, **who)
    if done.returncode:
        raise RuntimeError(f"{words[0]}: {done.stderr or done.stdout}")
