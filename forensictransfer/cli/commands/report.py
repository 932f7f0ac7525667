"""The command `report`: a sweep's page and tables."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from forensictransfer.cli.common import NAME
from forensictransfer.cli.flags import Parser
from forensictransfer.cli.output import say


def add(sub: Any) -> Parser:
    """Add the command to the parser of all commands."""
    parser: Parser = sub.add_parser(
        "report",
        help="write a sweep's page and tables",
        description="Write a sweep's results as one self-contained page (index.html), as tables.md, tables.csv and\n"
        "tables.tex, and each table of the page as tables/NAME.csv, from its result files alone: the\n"
        "same files give the same bytes. An unfinished sweep is shown as far as it went.",
        epilog=f"examples:\n  {NAME} report sweeps/first\n  {NAME} report sweeps/first --out appendix\n",
    )
    parser.add_argument("sweep", metavar="SWEEP", help="folder of a sweep")
    parser.add_argument("--out", metavar="FOLDER", help="folder to write to (default: SWEEP/report)")
    parser.set_defaults(handler=run)
    return parser


def run(arguments: Namespace) -> None:
    """Write the page and say where it is."""
    from forensictransfer import api

    say(f"wrote {api.write_report(arguments.sweep, arguments.out)}")
