"""The parser of all commands, and what is said of words that it does not know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from forensictransfer.cli.commands import (
    adapt,
    audit,
    camera,
    completion,
    data,
    detectors,
    evaluate,
    generator,
    inspect,
    light,
    predict,
    report,
    robustness,
    show,
    sweep,
    table,
    train,
)
from forensictransfer.cli.common import DOMAIN, NAME, add_verbosity
from forensictransfer.cli.flags import Parser, check_flags
from forensictransfer.core.errors import ErrorCode, UserError, nearest
from forensictransfer.core.version import __version__

# In the order of the help: the way of a newcomer.
_COMMANDS: dict[str, Any] = {
    "train": train,
    "adapt": adapt,
    "evaluate": evaluate,
    "sweep": sweep,
    "report": report,
    "table": table,
    "show": show,
    "audit": audit,
    "predict": predict,
    "robustness": robustness,
    "inspect": inspect,
    "light": light,
    "camera": camera,
    "generator": generator,
    "data": data,
    "detectors": detectors,
    "completion": completion,
}


def build_parser() -> tuple[Parser, dict[str, Any]]:
    """Build the parser, and its commands by name: each a parser, or a parser with commands of its own."""
    parser = Parser(
        prog=NAME,
        description="Train a forgery detector on one domain, adapt it to the next with a few shots, report honestly.",
        epilog=DOMAIN
        + f"""
examples:
  {NAME} data build forged_photos
  {NAME} audit forged_photos/splice
  {NAME} train --source forged_photos/splice --out runs/splice
  {NAME} evaluate runs/splice --on forged_photos/splice forged_photos/copy_move
  {NAME} adapt runs/splice --target my/photos --shots 10 --out runs/mine
  {NAME} table runs/splice runs/mine
  {NAME} sweep configs/sweep.yaml --out sweeps/first && {NAME} report sweeps/first

`{NAME} COMMAND --help` tells more. Each command is also a Python call: `import forensictransfer as ft; ft.train(...)`.
""",
    )
    parser.add_argument("--version", action="version", version=f"{NAME} {__version__}")
    sub = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)
    commands = {name: module.add(sub) for name, module in _COMMANDS.items()}
    commands["completion"].set_defaults(parser=parser)
    for one in (parser, *_parsers(commands)):
        add_verbosity(one)
    return parser, commands


def check_words(parser: Parser, commands: dict[str, Any], words: Sequence[str]) -> None:
    """Raise UserError for an unknown command or flag, before argparse complains of what follows from it."""
    while words:
        if words[0].startswith("-"):
            check_flags(parser, words[:1])
            words = words[1:]
            continue
        if words[0] not in commands:
            known = ", ".join(commands)
            raise UserError(
                f"unknown command '{words[0]}'{nearest(words[0], commands)} (there are: {known})",
                code=ErrorCode.COMMAND_LINE,
            )
        entry = commands[words[0]]
        words = words[1:]
        if isinstance(entry, Parser):
            return check_flags(entry, words)
        parser, commands = entry


def _parsers(commands: Mapping[str, Any]) -> Iterator[Parser]:
    """Yield all parsers of commands, with those of their own commands."""
    for entry in commands.values():
        if isinstance(entry, Parser):
            yield entry
        else:
            yield entry[0]
            yield from _parsers(entry[1])
