"""The command `show`: what a run is and what was measured."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from forensictransfer.cli.common import NAME
from forensictransfer.cli.flags import Parser
from forensictransfer.cli.output import add_json, answer, check_json, say


def add(sub: Any) -> Parser:
    """Add the command to the parser of all commands."""
    parser: Parser = sub.add_parser(
        "show",
        help="print what a run is and what was measured",
        description="Print what a run is, what it was made from, and what was measured.",
        epilog=f"examples:\n  {NAME} show runs/splice\n  {NAME} show runs/splice --json\n",
    )
    parser.add_argument("run", metavar="RUN", help="a run folder, finished or not")
    add_json(parser)
    parser.set_defaults(handler=run)
    return parser


def run(arguments: Namespace) -> None:
    """Print the run."""
    from forensictransfer import api

    check_json(arguments)
    if arguments.json is None:
        say(api.show(arguments.run))
    else:
        answer(arguments, api.run_summary(arguments.run), lambda: say(api.show(arguments.run)))
