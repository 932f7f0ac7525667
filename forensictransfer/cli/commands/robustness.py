"""The command `robustness`: what is left of a run's accuracy when pictures are compressed, scaled or filtered."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forensictransfer.cli.common import DOMAIN, NAME, RUN_FIXES, RUN_SETTINGS, add_config, add_group, add_overwrite
from forensictransfer.cli.flags import Parser, add_settings, settings_of
from forensictransfer.cli.output import add_json, answer, check_json, print_table, say
from forensictransfer.core.errors import ErrorCode, UserError

if TYPE_CHECKING:
    from forensictransfer.results.formats.robustness import Robustness


def add(sub: Any) -> Parser:
    """Add the command to the parser of all commands."""
    from forensictransfer.evaluation.corruptions import CORRUPTIONS

    listed = "\n".join(
        f"  {name:<11} {one.about}: {', '.join(f'{level:g}' for level in one.levels)}"
        for name, one in CORRUPTIONS.items()
    )
    parser: Parser = sub.add_parser(
        "robustness",
        usage=f"{NAME} robustness RUN --on DOMAIN [--corruptions NAME[=LEVEL,...] ...] [flags]",
        help="test a run on pictures that were compressed, scaled, cropped or filtered",
        description="Score a domain's test split as it is and after corruptions, and compare: accuracy with 95 %\n"
        "intervals, the change paired over images and draws, and the share of calls that turn round.\n"
        "RUN/robustness/ gets a JSON file for each domain.",
        epilog=f"corruptions, and their levels from mild to strong:\n{listed}\n\n"
        + DOMAIN
        + f"""
{RUN_SETTINGS}
examples:
  {NAME} robustness runs/mine --on photos/faces
  {NAME} robustness runs/mine --on photos/faces --corruptions jpeg=95,75,50 resize social
""",
    )
    parser.add_run("the run to test")
    place = parser.add_argument_group("what is tested")
    place.add_argument("--on", required=True, metavar="DOMAIN", help="the domain whose test split is scored")
    place.add_argument(
        "--corruptions", nargs="+", metavar="NAME[=LEVEL,...]", help="some of those below, at their levels or your own"
    )
    add_group(place)
    add_overwrite(place)
    add_json(place)
    add_config(place)
    unused = ("data.crop", "data.recompress", "data.masks", "data.augment")
    add_settings(parser, sections=("data", "evaluate"), leave_out=unused)
    parser.refused |= dict.fromkeys(("--detector", "--data.crop", "--data.recompress"), RUN_FIXES)
    parser.set_defaults(handler=run)
    return parser


def run(arguments: Namespace) -> None:
    """Measure, then print a line for each corruption."""
    from forensictransfer import api

    check_json(arguments)
    found = api.robustness(
        arguments.run,
        arguments.on,
        corruptions=_levels(arguments.corruptions),
        config=arguments.config,
        settings=settings_of(arguments),
        group=arguments.group,
        overwrite=arguments.overwrite,
    )
    answer(arguments, found, lambda: _show(found, arguments.run))


def _show(found: Robustness, run: str) -> None:
    from forensictransfer.report.tables.robustness import robustness_table

    print_table(robustness_table(found))
    say(f"wrote {Path(run) / 'robustness'}")


def _levels(words: list[str] | None) -> dict[str, list[float]] | None:
    """Read `jpeg=95,50 resize` as levels by name; without levels of their own they have the usual ones."""
    from forensictransfer.evaluation.corruptions import corruption_levels

    if words is None:
        return None
    found: dict[str, list[float]] = {}
    for word in words:
        name, _, levels = word.partition("=")
        found[name] = list(corruption_levels([name])[name])
        if levels:
            try:
                found[name] = [float(level) for level in levels.split(",")]
            except ValueError:
                raise UserError(
                    f"--corruptions {word}: expected numbers after '=', such as {name}=95,75",
                    code=ErrorCode.COMMAND_LINE,
                ) from None
    return found
