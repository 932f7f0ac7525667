"""The command `completion`: a script that completes commands and flags in a shell."""

from __future__ import annotations

import argparse
from argparse import Namespace
from typing import Any

import shtab

from forensictransfer.cli.common import NAME
from forensictransfer.cli.flags import Parser
from forensictransfer.cli.output import say

# What stands for the path of a file or a folder in the help; a DOMAIN may be a built-in name, too.
_PATHS = ("DOMAIN", "DOMAIN2", "FILE", "FILE.png", "FOLDER", "OUT", "PATH", "RUN", "SETTINGS", "SWEEP", "VIDEO_OR_DIR")


def add(sub: Any) -> Parser:
    """Add the command to the parser of all commands."""
    parser: Parser = sub.add_parser(
        "completion",
        help="print a script for completion in a shell",
        description="Print a script that completes commands, flags, names and files in a shell.",
        epilog=f'examples:\n  eval "$({NAME} completion bash)"        in ~/.bashrc\n'
        f'  eval "$({NAME} completion zsh)"         in ~/.zshrc, after compinit\n',
    )
    parser.add_argument("shell", choices=shtab.SUPPORTED_SHELLS, help="the shell that reads the script")
    parser.set_defaults(handler=run)
    return parser


def run(arguments: Namespace) -> None:
    """Print the script for the parser of all commands, which has put itself among the arguments."""
    _complete_paths(arguments.parser)
    say(shtab.complete(arguments.parser, arguments.shell))


def _complete_paths(parser: argparse.ArgumentParser) -> None:
    """Mark the arguments of a parser, and of the commands below it, that are files or folders."""
    for action in parser._actions:
        if action.metavar in _PATHS:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                _complete_paths(inner)
