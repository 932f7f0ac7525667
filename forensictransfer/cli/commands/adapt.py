"""The command `adapt`: a trained run and a few shots of a target domain make a new run."""

from __future__ import annotations

from argparse import Namespace
from shlex import quote
from typing import Any

from forensictransfer.cli.common import DOMAIN, NAME, RUN_FIXES, RUN_SETTINGS, add_config, add_group, add_overwrite
from forensictransfer.cli.flags import Parser, add_settings, listed, setting, settings_of
from forensictransfer.cli.output import say
from forensictransfer.experiments.strategies import STRATEGIES


def add(sub: Any) -> Parser:
    """Add the command to the parser of all commands."""
    parser: Parser = sub.add_parser(
        "adapt",
        usage=f"{NAME} adapt RUN [--run RUN ...] --target DOMAIN --out RUN [--shots K] [--strategy NAME] [flags]",
        help="adapt a run to a target domain with a few shots and write a new run folder",
        description="Adapt a trained run to a target domain with a few labelled images per class (shots), drawn from\n"
        "the target's train split. Each draw repeats it with other shots. Settings are those of the run unless\n"
        "given here.",
        epilog=DOMAIN
        + f"""
strategies:
{listed(STRATEGIES)}

{RUN_SETTINGS}
examples:
  {NAME} adapt runs/splice --target forged_photos/copy_move --shots 10 --out runs/splice-copy_move
  {NAME} adapt runs/splice --target photos/faces --shots 5 --strategy threshold --draws 10 --out runs/faces
  {NAME} adapt runs/splice --run runs/splice-cnn --target photos/faces --strategy fused --out runs/both
""",
    )
    parser.add_run("the run to adapt", "a further run that is fused with it (strategy fused); may be given again")
    place = parser.add_argument_group("target and run")
    place.add_argument("--target", required=True, metavar="DOMAIN", help="the domain to adapt to")
    add_group(place)
    place.add_argument("--out", required=True, metavar="RUN", help="run folder to write")
    place.add_argument(
        "--pairs",
        action="store_const",
        const=True,
        dest=setting("adapt.pairs"),
        help="the shots are K photographs, each with its forgery (same group): a protocol with rows of its own",
    )
    place.add_argument(
        "--background",
        nargs="+",
        metavar="DIR",
        dest=setting("adapt.background"),
        help="photographs that show how features vary with content, instead of the source's (head, prototype, fused)",
    )
    add_overwrite(place)
    add_config(place)
    add_settings(
        parser,
        sections=("", "data", "adapt", "evaluate"),
        leave_out=("detector", "data.crop", "data.recompress"),
        short=("adapt.shots", "adapt.strategy", "adapt.draws", "seed"),
    )
    parser.refused |= dict.fromkeys(("--detector", "--data.crop", "--data.recompress"), RUN_FIXES)
    parser.set_defaults(handler=run)
    return parser


def run(arguments: Namespace) -> None:
    """Adapt, then print what was measured and what comes next."""
    from forensictransfer import api

    out = api.adapt(
        [arguments.run, *arguments.other_runs] if arguments.other_runs else arguments.run,
        arguments.target,
        arguments.out,
        config=arguments.config,
        settings=settings_of(arguments),
        group=arguments.group,
        overwrite=arguments.overwrite,
    )
    say(api.results(out))
    runs = " ".join(map(quote, [arguments.run, *arguments.other_runs]))
    say(f"wrote {out}; next: {NAME} table {runs} {quote(str(out))}")
