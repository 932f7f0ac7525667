"""The command `audit`: what a detector could cheat with."""

from __future__ import annotations

import argparse
from argparse import Namespace
from typing import Any

from forensictransfer.cli.common import DOMAIN, NAME, add_group
from forensictransfer.cli.flags import Parser
from forensictransfer.cli.output import add_json, answer, check_json, say

_OPTIONS = ("group", "workers", "equalise", "overwrite")
_EPILOG = f"""\
{DOMAIN}
What is looked at:
  file        format, colour mode, size, bytes, JPEG tables, subsampling, coding, metadata: no pixel is read
  tone        brightness, colour, sharpness, borders, the 8x8 grid of JPEG: no forensics
  copies      the same pixels or the same photograph in other groups, splits and classes, or in the other domain
  labels      that pixels, names or traces speak against
  files       that cannot be read

Each trace with its AUC and 95 % interval over groups; all together in a classifier, cross-validated by group: "a
detector that never looks at the pixels scores 98 %". The verdict is one of
  clean        nothing found that a detector could cheat with
  careful      read the reasons before you quote a number
  do not use   accuracies on this domain would measure something else than the forgery
--equalise cuts both classes to one size (never resized) and saves both as JPEG of one quality, without metadata;
it says what it did and what is left. docs/audit.md gives every limit and its reason, and says what an audit cannot see.

examples:
  {NAME} audit photos/faces
  {NAME} audit photos/faces photos/swaps --json audit.json       (all pairs and names; --json alone prints)
  {NAME} audit photos/faces --group 'id\\d+' --strict
  {NAME} audit photos/faces --equalise photos/faces_equalised
"""


def add(sub: Any) -> Parser:
    """Add the command to the parser of all commands."""
    parser: Parser = sub.add_parser(
        "audit",
        usage=f"{NAME} audit DOMAIN [DOMAIN2] [--group RULE] [--json [FILE]] [--equalise FOLDER] [flags]",
        help="look for what a detector could cheat with",
        description="Look for what separates the reals of a domain from its fakes without forensics, and for copies\n"
        "and odd labels; in two domains also for what they share, and whether what separates the files of one does so\n"
        "in the other.",
        epilog=_EPILOG,
    )
    parser.add_argument("domain", metavar="DOMAIN", help="the domain to look at")
    parser.add_argument("other", metavar="DOMAIN2", nargs="?", help="a second one, to be compared with it")
    add_json(parser)
    parser.add_argument("--workers", type=int, metavar="N", help="processes (default: one a processor, up to 8)")
    parser.add_argument(
        "--equalise", metavar="FOLDER", help="write the domain once more, both classes alike, and audit it"
    )
    parser.add_argument("--mend", dest="equalise", help=argparse.SUPPRESS)  # its name in version 0.1
    parser.add_argument("--overwrite", action="store_true", help="replace an equalised domain that is there")
    parser.add_argument("--strict", action="store_true", help="end with 1 where the verdict is `do not use`")
    add_group(parser)
    parser.set_defaults(handler=run)
    return parser


def run(arguments: Namespace) -> int:
    """Print the audit; 1 if it is strict and a verdict is `do not use`."""
    from forensictransfer import api
    from forensictransfer.auditing.text import audit_text, is_condemned

    check_json(arguments)
    found = api.audit(arguments.domain, arguments.other, **{name: getattr(arguments, name) for name in _OPTIONS})
    answer(arguments, found, lambda: say(audit_text(found)))
    return 1 if arguments.strict and is_condemned(found) else 0
