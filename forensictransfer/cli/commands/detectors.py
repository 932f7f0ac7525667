"""The command `detectors`: which there are, and what each costs."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from forensictransfer.cli.common import NAME
from forensictransfer.cli.flags import Parser
from forensictransfer.cli.output import add_json, answer, check_json, print_table
from forensictransfer.core.errors import ErrorCode, UserError


def add(sub: Any) -> tuple[Parser, dict[str, Parser]]:
    """Add the command to the parser of all commands; returns its own commands by name, too."""
    parser: Parser = sub.add_parser(
        "detectors",
        help="the detectors, and what each costs",
        description="The registered detectors; `train --detector NAME` takes one.",
        epilog=f"examples:\n  {NAME} detectors list\n  {NAME} detectors list --crop 256\n",
    )
    parser.set_defaults(handler=run)
    inner = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)
    listed: Parser = inner.add_parser(
        "list",
        help="parameters, multiply-adds and strategies of each",
        description="Parameters, multiply-adds for a crop, and how it is trained.",
    )
    listed.add_argument("--crop", type=int, default=128, metavar="N", help="side of the crops, pixels (default: 128)")
    add_json(listed)
    listed.set_defaults(handler=_list)
    return parser, {"list": listed}


def run(arguments: Namespace) -> None:
    """Say that a command is missing."""
    raise UserError(f"detectors: expected list (see `{NAME} detectors --help`)", code=ErrorCode.COMMAND_LINE)


def _list(arguments: Namespace) -> None:
    from forensictransfer.detectors.listing import detector_facts, listing
    from forensictransfer.experiments.choices import load_settings

    check_json(arguments)
    load_settings(None, {"data.crop": arguments.crop})
    found = detector_facts(arguments.crop)
    answer(arguments, found, lambda: print_table(listing(found, arguments.crop)))
