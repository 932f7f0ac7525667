"""The command `show`: what a run is and what was measured."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from forensictransfer.cli.common import NAME
from forensictransfer.cli.flags import Parser


def add(sub: Any) -> Parser:
    """Add the command to the parser of all commands."""
    parser: Parser = sub.add_parser(
        "show",
        help="print what a run is and what was measured",
        description="Print what a run is, what it was made from, and what was measured.",
        epilog=f"examples:\n  {NAME} show runs/splice\n",
    )
    parser.add_argument("run", metavar="RUN", help="a run folder, finished or not")
    parser.set_defaults(handler=run)
    return parser


def run(arguments: Namespace) -> None:
    """Print the run."""
    from forensictransfer import api

    print(api.show(arguments.run))
