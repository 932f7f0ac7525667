"""The command `table`: the source x target matrix of evaluated runs."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from forensictransfer.cli.common import NAME
from forensictransfer.cli.flags import Parser


def add(sub: Any) -> Parser:
    """Add the command to the parser of all commands."""
    parser: Parser = sub.add_parser(
        "table",
        help="print the source x target matrix of evaluated runs",
        description="Print the source x target matrix of any number of runs: zero-shot and at each number of shots,\n"
        "mean over draws with 95 % interval. The header names seed, shots, strategy and threshold rule.",
        epilog=f"examples:\n  {NAME} table runs/*\n  {NAME} table runs/splice runs/mine --markdown table.md\n",
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help="evaluated runs")
    for kind in ("markdown", "csv", "latex"):
        parser.add_argument(f"--{kind}", metavar="FILE", help=f"write the table as {kind} too")
    parser.set_defaults(handler=run)
    return parser


def run(arguments: Namespace) -> None:
    """Print the table, and write it where asked."""
    from forensictransfer import api

    print(api.table(*arguments.runs, markdown=arguments.markdown, csv=arguments.csv, latex=arguments.latex))
