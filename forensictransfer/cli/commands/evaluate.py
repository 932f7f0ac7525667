"""The command `evaluate`: score the test splits of some domains with a run."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from forensictransfer.cli.common import DOMAIN, NAME, RUN_FIXES, RUN_SETTINGS, add_config, add_group, add_overwrite
from forensictransfer.cli.flags import Parser, add_settings, settings_of
from forensictransfer.cli.output import say


def add(sub: Any) -> Parser:
    """Add the command to the parser of all commands."""
    parser: Parser = sub.add_parser(
        "evaluate",
        usage=f"{NAME} evaluate RUN --on DOMAIN [DOMAIN ...] [flags]",
        help="score the test splits of some domains with a run",
        description="Score the test split of each domain with a run. RUN/evaluations/ gets predictions.csv (every\n"
        "image) and metrics.json (accuracy, AUC and more with 95 % intervals). Images that share a photograph with\n"
        "what the run has learned from are left out. Settings are those of the run unless given here.",
        epilog=DOMAIN
        + f"""
{RUN_SETTINGS}
examples:
  {NAME} evaluate runs/splice --on forged_photos/splice forged_photos/copy_move photos/faces
""",
    )
    parser.add_run("the run to evaluate")
    place = parser.add_argument_group("domains")
    place.add_argument("--on", required=True, nargs="+", metavar="DOMAIN", help="the domains to score")
    add_group(place)
    place.add_argument(
        "--localise",
        action="store_true",
        help="also compare heat maps with the masks of fakes (mask/ beside fake/, the same names): AUC, F1 and\n"
        "Matthews' correlation over pixels, and how much of real images is called changed",
    )
    add_overwrite(place)
    add_config(place)
    add_settings(
        parser, sections=("data", "evaluate"), leave_out=("data.crop", "data.recompress", "data.masks", "data.augment")
    )
    parser.refused |= dict.fromkeys(("--detector", "--data.crop", "--data.recompress"), RUN_FIXES)
    parser.set_defaults(handler=run)
    return parser


def run(arguments: Namespace) -> None:
    """Evaluate, then print a line for each domain."""
    from forensictransfer import api
    from forensictransfer.report.abstention import abstention_lines
    from forensictransfer.report.localisation import localisation_lines
    from forensictransfer.report.model_card import evaluation_lines, remarks

    found = api.evaluate(
        arguments.run,
        arguments.on,
        config=arguments.config,
        settings=settings_of(arguments),
        group=arguments.group,
        overwrite=arguments.overwrite,
        localise=arguments.localise,
    )
    say("\n".join([*evaluation_lines(found), *abstention_lines(found), *localisation_lines(found), *remarks(found)]))
