"""What several commands take and say: the name of the program, what a domain is, and arguments that they share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from forensictransfer.cli.flags import Parser
from forensictransfer.core.errors import ErrorCode, UserError

NAME = "forensictransfer"
DOMAIN = """\
A DOMAIN is one of
  a built-in name   forged_photos/splice       (`forensictransfer data list` names them all)
  a folder          photos/splice              with real/ and fake/ in it, read in place; or with train/, validation/
                                               and test/ that hold real/ and fake/ each
  a domain file     splice.yaml                path: photos/splice    name: Splices    group: 'b\\d+r\\d+'
"""
RUN_SETTINGS = """\
Settings come from the run (which may differ from the defaults shown above: `forensictransfer show RUN`), then --config,
then single flags such as --evaluate.stride 32.
"""
RUN_FIXES = "belongs to the run, which can only be read as it was trained; train a run of its own to change it"


def add_commands(
    sub: Any, name: str, commands: Mapping[str, Callable[[Any], Parser]], **texts: str
) -> tuple[Parser, dict[str, Parser]]:
    """Add a command that has commands of its own to the parser of all commands; returns both, its own by name.

    commands: what adds each of them. texts: as of `add_parser`. Without one of them the command is a UserError.
    """
    parser: Parser = sub.add_parser(name, **texts)

    def refuse(arguments: argparse.Namespace) -> None:
        raise UserError(
            f"{name}: expected one of {', '.join(commands)} (see `{NAME} {name} --help`)", code=ErrorCode.COMMAND_LINE
        )

    parser.set_defaults(handler=refuse)
    inner = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)
    return parser, {own: add(inner) for own, add in commands.items()}


def add_group(place: Any) -> None:
    """Add the flag that says what belongs together."""
    place.add_argument(
        "--group",
        metavar="RULE",
        help="what belongs together: stem, folder, path, a regular expression on the path, or a CSV file "
        "(default: stem)",
    )


def add_overwrite(place: Any) -> None:
    """Add the flag that replaces what is there."""
    place.add_argument(
        "--overwrite",
        action="store_true",
        help="replace what is there, and nothing else than a result of the same kind",
    )


def add_config(place: Any) -> None:
    """Add the settings file."""
    place.add_argument(
        "--config", metavar="FILE", help="YAML file of settings, or the name of a preset: quick, demo, a detector's"
    )


def add_verbosity(parser: Parser) -> None:
    """Add the flags of all commands that say how much is told on stderr."""
    place = parser.add_argument_group("messages")
    place.add_argument(
        "-v", "--verbose", action="store_true", default=argparse.SUPPRESS, help="tell more on stderr, with times"
    )
    place.add_argument(
        "-q",
        "--quiet",
        action="store_true",
        default=argparse.SUPPRESS,
        help="no progress and no notes; warnings and errors stay",
    )
