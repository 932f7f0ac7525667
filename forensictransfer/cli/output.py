"""What a command answers on stdout: text, a table drawn for a terminal, or JSON alone.

`--json` follows one rule in all commands: alone (or `--json -`) it prints JSON and nothing else on stdout, and
`--json FILE` writes the file and prints what is printed anyway.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import write_json
from forensictransfer.core.progress import is_lively
from forensictransfer.core.tables import TextTable
from forensictransfer.core.visible import visible, visible_json, visible_lines

STDOUT = "-"


def say(text: object = "") -> None:
    """Print text: nothing in it is obeyed by a terminal, whatever the names of files and domains hold."""
    print(visible_lines(str(text)))


def add_json(place: Any) -> None:
    """Add the flag `--json`."""
    place.add_argument(
        "--json",
        nargs="?",
        const=STDOUT,
        metavar="FILE",
        help="print JSON instead; with FILE write it there and print as usual",
    )


def check_json(arguments: Namespace) -> None:
    """Raise UserError if the file that `--json` names cannot be one."""
    name = arguments.json
    if name in (None, STDOUT):
        return
    from forensictransfer.results.places import check_output

    path = Path(name).expanduser()
    if path.is_dir():
        raise UserError(
            f"{name}: expected a file to write JSON to, got a folder; to print it, give --json last",
            code=ErrorCode.PATH_WRONG_KIND,
        )
    check_output(path)
    if not path.absolute().parent.is_dir():
        raise UserError(f"{name}: there is no such folder to write JSON to", code=ErrorCode.PATH_MISSING)


def answer(arguments: Namespace, found: Any, show: Callable[[], None]) -> None:
    """Print what a command found: as JSON if it was asked for, otherwise by `show`."""
    if arguments.json == STDOUT:
        print_json(found)
        return
    show()
    if arguments.json is not None:
        write_json(Path(arguments.json).expanduser(), plain(found))


def print_json(found: Any) -> None:
    """Print what a command found as JSON."""
    print(visible_json(json.dumps(plain(found), indent=2, ensure_ascii=False, allow_nan=False)))


def plain(found: Any) -> Any:
    """Turn findings into what JSON knows."""
    if dataclasses.is_dataclass(found) and not isinstance(found, type):
        return {field.name: plain(getattr(found, field.name)) for field in dataclasses.fields(found)}
    if hasattr(found, "model_dump"):
        return plain(found.model_dump(by_alias=True))
    if isinstance(found, Mapping):
        return {str(key): plain(value) for key, value in found.items()}
    if isinstance(found, Sequence) and not isinstance(found, str):
        return [plain(item) for item in found]
    return str(found) if isinstance(found, Path) else found


def print_table(table: TextTable) -> None:
    """Print a table: drawn where stdout is a terminal, as plain text elsewhere."""
    if not is_lively(sys.stdout):
        say(table.text())
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for place, (name, side) in enumerate(zip(table.head, table.align, strict=True)):
        # A name must be whole to be typed again; what is long elsewhere continues in the next line.
        whole = place == 0 or side == "r"
        drawn.add_column(Text(name), justify="right" if side == "r" else "left", no_wrap=whole, overflow="fold")
    for row in table.rows:
        drawn.add_row(*(Text(visible(cell)) for cell in row))
    console = Console()
    console.print(drawn)
    for note in ("", *table.notes) if table.notes else ():
        console.print(Text(visible(note), style="dim"))
