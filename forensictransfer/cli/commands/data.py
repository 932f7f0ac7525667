"""The command `data`: the built-in data sets, and a look at any domain."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from forensictransfer.cli.commands import data_faces
from forensictransfer.cli.common import DOMAIN, NAME, add_commands, add_group
from forensictransfer.cli.flags import Parser
from forensictransfer.cli.output import STDOUT, add_json, answer, check_json, print_table, say
from forensictransfer.core.progress import is_lively

if TYPE_CHECKING:
    from forensictransfer.data.describe import DomainSummary


def add(sub: Any) -> tuple[Parser, dict[str, Parser]]:
    """Add the command to the parser of all commands; returns its own commands by name, too."""
    return add_commands(
        sub,
        "data",
        {"list": _add_list, "build": _add_build, "show": _add_show, "faces": data_faces.add},
        help="list, build or look at domains",
        description="Built-in data sets (nothing is downloaded: what is not made here, you get); a look at any domain.",
        epilog=DOMAIN
        + f"\nexamples:\n  {NAME} data list\n  {NAME} data list casia_v2\n  {NAME} data build forged_photos\n"
        + f"  {NAME} data build casia_v2/splicing --from /disk/CASIA2.0\n"
        + f"  {NAME} data show photos/faces --sheet faces.png\n  {NAME} data faces videos faces --per-video 16\n",
    )


def _add_list(inner: Any) -> Parser:
    parser: Parser = inner.add_parser(
        "list",
        help="the built-in data sets, and how to get them",
        description="The built-in data sets and how many of their domains are built; with a name all about one.",
    )
    parser.add_argument("name", metavar="NAME", nargs="?", help="a data set: its domains, its files and where they go")
    parser.set_defaults(handler=_list)
    return parser


def _add_build(inner: Any) -> Parser:
    parser: Parser = inner.add_parser(
        "build",
        help="make a built-in data set",
        description="Make a built-in data set in $FORENSICTRANSFER_DATA or ~/.cache/forensictransfer. Nothing is "
        "downloaded: `data list NAME` says how files are got. A domain that is there is left alone.",
    )
    parser.add_argument("name", metavar="NAME", help="a data set (all its domains) or one domain: forged_photos/splice")
    parser.add_argument(
        "--from",
        dest="files",
        metavar="FOLDER",
        help="the extracted files of a data set that is got by hand (default: manual/DATASET in the data folder)",
    )
    parser.add_argument("--overwrite", action="store_true", help="make it again if it is there")
    parser.set_defaults(handler=_build)
    return parser


def _add_show(inner: Any) -> Parser:
    parser: Parser = inner.add_parser(
        "show",
        help="count a domain's images by split and class",
        description="Count a domain's images by split and class, and say what would be left out.",
        epilog=DOMAIN,
    )
    parser.add_argument("domain", metavar="DOMAIN", help="the domain to look at")
    parser.add_argument("--sheet", metavar="FILE.png", help="also write a contact sheet: reals against fakes")
    add_group(parser)
    add_json(parser)
    parser.set_defaults(handler=_show)
    return parser


def _list(arguments: Namespace) -> None:
    from forensictransfer.data import listing

    if arguments.name:
        say(listing.details(arguments.name))
    else:
        print_table(listing.listing())


def _build(arguments: Namespace) -> None:
    from forensictransfer import data

    built = data.build(arguments.name, overwrite=arguments.overwrite, files=arguments.files)
    say(f"built {', '.join(built)}" if built else f"{arguments.name} is built already; --overwrite makes it again")


def _show(arguments: Namespace) -> None:
    from forensictransfer import data
    from forensictransfer.data.describe import summary

    check_json(arguments)
    found = summary(arguments.domain, arguments.group)
    answer(arguments, found, lambda: _print_summary(found))
    if arguments.sheet:
        written = data.sheet(arguments.domain, arguments.sheet, group=arguments.group)
        if arguments.json != STDOUT:
            say(written)


def _print_summary(found: DomainSummary) -> None:
    if not is_lively(sys.stdout):
        say(found.text())
        return
    say(f"{found.name} ({found.origin})\n")
    print_table(found.table())
    say("\n".join(["", *found.remarks()]))
