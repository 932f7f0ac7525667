"""Processes of the command that begin with TensorFlow imported, which takes a fresh interpreter some five seconds.

A server, one for each process of pytest, has imported what the commands need and has computed nothing. It forks for
each command: a real process with an id, signals, an exit code, a folder, variables and pipes of its own, and a child
of the process that asked, so `subprocess.Popen` works on it as on any other. Whatever a command starts in turn (the
workers of a sweep) comes the same way from a server of its own. Start-up is not tested by this: some tests start fresh
interpreters, and where the kernel is not Linux all do.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import inspect
import os
import pickle
import runpy
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PRELOADED = (
    "keras",
    "optuna",
    "sklearn.linear_model",
    "tensorflow",
    "tensorflow_datasets",
    "forensictransfer.cli.main",
    "forensictransfer.experiments.adapt",
    "forensictransfer.experiments.train",
    "forensictransfer.sweep.jobs",
    "forensictransfer.sweep.manager",
    "forensictransfer.sweep.worker",
)
HEADER = struct.Struct("=q")
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
RealPopen = subprocess.Popen


class ForkedPopen(subprocess.Popen):
    """`subprocess.Popen`, for which the server forks where Python is to run the command, a script or some code."""

    server: socket.socket | None = None
    lock = threading.Lock()

    def _execute_child(self, *given: Any) -> None:
        asked = inspect.signature(RealPopen._execute_child).bind(self, *given).arguments
        words = [os.fspath(word) for word in asked["args"]] if not isinstance(asked["args"], str) else []
        if not _can_fork(words, asked) or self.server is None:
            super()._execute_child(*given)
            return
        task = {
            "words": words,
            "cwd": os.path.abspath(os.fspath(asked["cwd"]) if asked["cwd"] else os.getcwd()),
            "env": dict(os.environ if asked["env"] is None else asked["env"]),
            "session": asked["start_new_session"],
        }
        pipes = [asked["p2cread"], asked["c2pwrite"], asked["errwrite"]]
        with self.lock:
            self.pid = _ask(self.server, task, [number if pipe == -1 else pipe for number, pipe in enumerate(pipes)])
        self._child_created = True
        names = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
        self._close_pipe_fds(*(asked[name] for name in names))


def _can_fork(words: list[str], asked: dict[str, Any]) -> bool:
    plain = asked["preexec_fn"] is None and not asked["shell"] and asked["uid"] is None and asked["gid"] is None
    if not plain or words[:1] != [sys.executable] or len(words) < 3:
        return False
    ours = words[1] == "-m" and words[2].partition(".")[0] == "forensictransfer"
    return ours or words[1] == "-c" or words[1].endswith(".py")


def _ask(server: socket.socket, task: dict[str, Any], files: list[int]) -> int:
    """Have a process made; returns its id. It is a child of this process when this returns."""
    # The process between them ends at once, and the kernel gives its child to the nearest ancestor that wants orphans.
    _adopt_orphans(True)
    try:
        content = pickle.dumps(task)
        socket.send_fds(server, [HEADER.pack(len(content))], files)
        server.sendall(content)
        return int(HEADER.unpack(_receive(server, HEADER.size))[0])
    finally:
        _adopt_orphans(False)


def _adopt_orphans(wanted: bool) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, int(wanted), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def _receive(channel: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        part = channel.recv(size - len(found))
        if not part:
            raise EOFError("the other side has ended")
        found += part
    return found


def _serve(channel: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Fork for each task that comes; returns in the new process alone, with its task and files."""
    while True:
        header, files, _, _ = socket.recv_fds(channel, HEADER.size, 3)
        if not header:
            os._exit(0)  # whoever asked has ended
        task = pickle.loads(_receive(channel, HEADER.unpack(header)[0]))
        reader, writer = os.pipe()
        middle = os.fork()
        if middle == 0:
            child = os.fork()
            if child == 0:
                os.close(reader)
                os.close(writer)
                channel.close()
                return task, files
            os.write(writer, HEADER.pack(child))
            os._exit(0)
        os.waitpid(middle, 0)  # from now on the child is that of whoever asked
        os.close(writer)
        channel.sendall(os.read(reader, HEADER.size))
        for file in (reader, *files):
            os.close(file)


def _become(task: dict[str, Any], files: list[int]) -> None:
    """Take on what the process is to have of its own."""
    if task["session"]:
        os.setsid()
    for number, file in enumerate(files):
        os.dup2(file, number)
    for file in files:
        os.close(file)
    os.chdir(task["cwd"])
    os.environ.clear()
    os.environ.update(task["env"])
    given = filter(None, task["env"].get("PYTHONPATH", "").split(os.pathsep))
    sys.path[:0] = [folder for folder in map(os.path.abspath, given) if folder not in sys.path]
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _run(task: dict[str, Any], files: list[int]) -> None:
    """Run a task in this new process, after a server has been forked for what it starts."""
    _become(task, files)
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        ours.close()
        _let_go()
        _run(*_serve(theirs))
        return
    theirs.close()
    ForkedPopen.server, ForkedPopen.lock = ours, threading.Lock()
    subprocess.Popen = ForkedPopen
    _, kind, what, *rest = task["words"]
    if kind.endswith(".py"):
        sys.argv = task["words"][1:]
        sys.path.insert(0, os.path.dirname(os.path.abspath(kind)))
        runpy.run_path(kind, run_name="__main__")
        return
    sys.argv = [kind, *rest]
    if kind == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
        return
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    exec(compile(what, "<string>", "exec"), main.__dict__)


def _let_go() -> None:
    """Hold none of the pipes of the process that this one was forked from; keys that are pressed are not for it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    os.close(null)


@contextlib.contextmanager
def fork_server() -> Iterator[None]:
    """Run a server for `ForkedPopen` while the block lasts; it takes some seconds to import.

    A server that cannot be forked from is an error, RuntimeError: fresh interpreters in its place would go unnoticed,
    and take minutes.
    """
    if sys.platform != "linux":
        yield
        return
    ours, theirs = socket.socketpair()
    root = str(Path(__file__).resolve().parents[1])
    # One thread of the libraries, or there would be others when it forks; the workers of a sweep have one, too.
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [sys.executable, "-m", "tests.forked", str(theirs.fileno())]
    with (
        tempfile.TemporaryFile("w+") as said,
        RealPopen(
            command,
            cwd=root,
            env={**os.environ, **threads, "PYTHONPATH": root},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
        ) as server,
    ):
        theirs.close()
        if not ours.recv(1):
            said.seek(0)
            raise RuntimeError(
                f"the fork server has ended: {(said.read().strip().splitlines() or ['nothing said'])[-1]}"
            )
        ForkedPopen.server = ours
        try:
            yield
        finally:
            ForkedPopen.server = None
            ours.close()
            server.wait()


def main(number: int) -> None:
    """Import, then serve on the socket of that number."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in PRELOADED:
        importlib.import_module(name)
    threads = os.listdir("/proc/self/task")
    if len(threads) > 1:
        sys.exit(f"{len(threads)} threads after the imports: a fork would lose what they hold")
    gc.freeze()
    gc.set_threshold(50_000, 20, 10)  # as in the processes of pytest
    channel = socket.socket(fileno=number)
    channel.sendall(b"+")
    _run(*_serve(channel))


if __name__ == "__main__":
    main(int(sys.argv[1]))
