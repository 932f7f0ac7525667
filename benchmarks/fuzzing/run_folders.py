"""Run folders and sweeps that were edited, cut or replaced: each command gives a result or one line, nothing else."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fuzzing.limits import time_limit
from benchmarks.fuzzing.mutations import mutated
from forensictransfer.cli.main import main

SECONDS = 120  # for one command
DEEP = 100_000


@dataclass(frozen=True)
class Tried:
    """What was changed in a folder, what was called, its exit code, and what must not be (empty if all is well)."""

    change: str
    command: str
    code: int
    fault: str


def spoil(folder: Path, rng: np.random.Generator, files: Sequence[str] = ()) -> str:
    """Change one file of a folder and return what was done. files: names to choose from (default: all)."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and (not files or path.name in files))
    path = found[rng.integers(len(found))]
    name = path.relative_to(folder).as_posix()
    done = _change(path, rng)
    if rng.random() < 0.7:  # else the seal shows what was done before anything is read
        _seal_again(path, folder)
    return f"{name}: {done}"


def _change(path: Path, rng: np.random.Generator) -> str:
    if path.suffix == ".json" and rng.random() < 0.75:
        return _change_json(path, rng)
    kind = int(rng.integers(8))
    if kind == 0:
        path.unlink()
        return "is missing"
    if kind == 1:
        path.write_bytes(b"")
        return "is empty"
    if kind == 2:
        path.unlink()
        path.mkdir()
        return "is a folder"
    if kind == 3:
        path.write_bytes(b"\xff\xfe\xfa" + path.read_bytes())
        return "is not UTF-8"
    if kind == 4:
        path.unlink()
        path.symlink_to("nowhere")
        return "is a link to nowhere"
    path.write_bytes(mutated(path.read_bytes(), rng))
    return "has other bytes"


def _values() -> tuple[Any, ...]:
    """Values that no field expects, or that only some do."""
    return (
        None,
        True,
        -1,
        0,
        10**400,
        2**63,
        1e308,
        float("nan"),
        float("inf"),
        "",
        "text",
        "../../..",
        "a\nb|c<d",
        "x" * 100_000,
        "\ud800",
        [],
        {},
        [[]],
        {"a": 1},
        [1, "2", None],
    )


def _change_json(path: Path, rng: np.random.Generator) -> str:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):  # changed before
        path.write_bytes(mutated(path.read_bytes(), rng))
        return "has other bytes"
    if rng.random() < 0.1:
        text = json.dumps(content)
        place = text.rfind(":") + 1
        path.write_text(text[:place] + "[" * DEEP + "]" * DEEP + "}" * (text.count("{") - text.count("}") + 1))
        return f"is {DEEP} deep"
    places = list(_places(content))
    if not places:
        path.write_text("[]")
        return "is a list"
    holder, key, where = places[rng.integers(len(places))]
    if rng.random() < 0.25:
        del holder[key]
        said = f"lacks {where}"
    else:
        values = _values()
        holder[key] = values[rng.integers(len(values))]
        said = f"{where} is {str(holder[key])[:30]!r}"
    path.write_text(json.dumps(content), encoding="utf-8", errors="surrogatepass")
    return said


def _places(content: Any, where: str = "") -> Iterator[tuple[Any, Any, str]]:
    """Find each field and item: what holds it, its key, its name."""
    items: Any = content.items() if isinstance(content, dict) else ()
    if isinstance(content, list):
        items = enumerate(content)
    for key, value in list(items):
        name = f"{where}.{key}" if where else str(key)
        yield content, key, name
        yield from _places(value, name)


def _seal_again(path: Path, folder: Path) -> None:
    """Make the seal of the run agree with the changed file, so that its content is looked at."""
    for above in path.parents:
        seal = above / "FINISHED"
        if seal.is_file() and seal != path and path.is_file():
            with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
                content = json.loads(seal.read_text(encoding="utf-8"))
                name = path.relative_to(above).as_posix()
                if name in content["sha256"]:
                    content["sha256"][name] = hashlib.sha256(path.read_bytes()).hexdigest()
                    seal.write_text(json.dumps(content), encoding="utf-8")
        if above == folder:
            return


def try_commands(
    sound: Path,
    work: Path,
    commands: Sequence[Callable[[Path], list[str]]],
    rng: np.random.Generator,
    files: Sequence[str] = (),
) -> Iterator[Tried]:
    """Spoil a copy of a folder and call each command on it."""
    copy = work / "spoiled"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(sound, copy, symlinks=True)
    change = "; ".join(spoil(copy, rng, files) for _ in range(1 + int(rng.random() < 0.2)))
    for words in commands:
        yield _call(words(copy), change)


def _call(words: list[str], change: str) -> Tried:
    out, err = io.StringIO(), io.StringIO()
    command = words[0]
    before = os.getcwd()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), time_limit(SECONDS):
            code = main(words)
    except TimeoutError:
        return Tried(change, command, -1, f"takes more than {SECONDS} s")
    except BaseException as error:  # what a user would see as a traceback
        return Tried(change, command, -1, f"{type(error).__name__}: {str(error)[:300]}")
    finally:
        os.chdir(before)
    lines = [line for line in err.getvalue().splitlines() if line.startswith("forensictransfer: error: ")]
    if code not in (0, 1, 2):
        return Tried(change, command, code, f"ends with {code}")
    if code == 2 and len(lines) != 1:
        return Tried(change, command, code, f"says {len(lines)} lines of errors: {err.getvalue()[-300:]!r}")
    if code == 2 and len(lines[0]) > 1000:
        return Tried(change, command, code, f"says a line of {len(lines[0])} characters")
    return Tried(change, command, code, "")
