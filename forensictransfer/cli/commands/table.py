"""The command `table`: the source x target matrix of evaluated runs."""

from __future__ import annotations

import shutil
import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from forensictransfer.cli.common import NAME
from forensictransfer.cli.flags import Parser
from forensictransfer.cli.output import add_json, answer, check_json, print_table, say
from forensictransfer.core.progress import is_lively

if TYPE_CHECKING:
    from forensictransfer.report.tables.cross_domain import CrossDomain

_WIDEST = 160  # columns of a terminal that are used


def add(sub: Any) -> Parser:
    """Add the command to the parser of all commands."""
    parser: Parser = sub.add_parser(
        "table",
        usage=f"{NAME} table RUN [RUN ...] [--markdown FILE] [--csv FILE] [--latex FILE] [--json [FILE]]",
        help="print the source x target matrix of evaluated runs",
        description="Print the source x target matrix of any number of runs: zero-shot and at each number of shots,\n"
        "mean over draws with 95 % interval. The header names seed, shots, strategy and threshold rule. What is no\n"
        "finished run is left out, with a line that says why.",
        epilog=f"examples:\n  {NAME} table runs/*\n  {NAME} table runs/splice runs/mine --markdown table.md\n"
        f"  {NAME} table runs/* --json | jq '.cells[0]'\n",
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help="evaluated runs")
    for kind in ("markdown", "csv", "latex"):
        parser.add_argument(f"--{kind}", metavar="FILE", help=f"write the table as {kind} too")
    add_json(parser)
    parser.set_defaults(handler=run)
    return parser


def run(arguments: Namespace) -> None:
    """Print the table, and write it where asked."""
    from forensictransfer import api

    check_json(arguments)
    found = api.cross_domain(*arguments.runs, markdown=arguments.markdown, csv=arguments.csv, latex=arguments.latex)
    answer(arguments, found, lambda: _show(found))


def _show(found: CrossDomain) -> None:
    """Print plain text in a pipe, and drawn tables on a terminal, as wide as that."""
    if not is_lively(sys.stdout):
        say(found.text())
        return
    from forensictransfer.report.tables.sheets import sheets
    from forensictransfer.report.tables.text import sheet_blocks

    width = min(shutil.get_terminal_size().columns, _WIDEST)
    say("\n\n".join(found.lead(width)))
    for sheet in sheets(found.short()):
        say(f"\n{sheet.title}")
        for block in sheet_blocks(sheet, width):
            say()
            print_table(block)
