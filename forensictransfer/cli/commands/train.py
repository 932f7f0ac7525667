"""The command `train`: fit a detector on a source domain, or on several together."""

from __future__ import annotations

from argparse import Namespace
from shlex import quote
from typing import Any

from forensictransfer.cli.common import DOMAIN, NAME, add_config, add_group, add_overwrite
from forensictransfer.cli.flags import Parser, add_settings, listed, settings_of
from forensictransfer.cli.output import say
from forensictransfer.detectors.registry import descriptions

_SETTINGS = """\
Settings come from the defaults, then --config, then single flags such as --train.epochs 15. A run folder's
settings.yaml is valid as --config again. Flags of `adapt` (--adapt.shots 5) are taken too and kept for it in the run.
"""


def add(sub: Any) -> Parser:
    """Add the command to the parser of all commands."""
    parser: Parser = sub.add_parser(
        "train",
        usage=f"{NAME} train --source DOMAIN [DOMAIN ...] --out RUN [flags]\n"
        f"       {NAME} train --photos DIR [DIR ...] --config noiseprint --out RUN [flags]",
        help="fit a detector on a source domain and write a run folder",
        description="Fit a detector on the train split of a source domain, stop by its validation split, and write\n"
        "a run folder. Of several domains each counts alike, in batches, validation and threshold. Killed at any\n"
        "moment, it continues with --resume and ends in the same weights. A detector that learns from photographs\n"
        "alone (noiseprint, exif_consistency) is given folders of them, --photos, with EXIF entries or by sub-folder.",
        epilog=DOMAIN
        + f"""
detectors:
{listed(descriptions())}

{_SETTINGS}
examples:
  {NAME} train --source forged_photos/splice --out runs/splice
  {NAME} train --source photos/faces --group 'id\\d+' --config quick --detector ft --out runs/faces
  {NAME} train --source photos/splices photos/inpainted photos/faces --out runs/three
  {NAME} train --photos my/cameras --config noiseprint --out runs/noiseprint
  {NAME} train --photos my/photographs --config exif_consistency --out runs/exif
  {NAME} train --source photos/faces --detector meso4 --data.crop 256 --weights Meso4_DF.h5 --train.epochs 0 --out m
""",
    )
    place = parser.add_argument_group("source and run")
    material = place.add_mutually_exclusive_group(required=True)
    material.add_argument("--source", nargs="+", metavar="DOMAIN", help="the domain, or the domains, to learn from")
    material.add_argument(
        "--photos",
        nargs="+",
        metavar="DIR",
        help="folders of photographs by camera to learn from, for a detector that sees no fake",
    )
    add_group(place)
    place.add_argument("--out", required=True, metavar="RUN", help="run folder to write")
    place.add_argument("--resume", action="store_true", help="continue a training that was interrupted")
    add_overwrite(place)
    add_config(place)
    add_settings(
        parser,
        sections=("", "data", "train", "evaluate"),
        short=("detector", "seed", "train.weights"),
        hidden=("adapt",),
    )
    parser.set_defaults(handler=run)
    return parser


def run(arguments: Namespace) -> None:
    """Train, then print what was measured and what comes next."""
    from forensictransfer import api

    out = api.train(
        arguments.source,
        arguments.out,
        photos=arguments.photos,
        config=arguments.config,
        settings=settings_of(arguments),
        group=arguments.group,
        resume=arguments.resume,
        overwrite=arguments.overwrite,
    )
    if arguments.photos is None:
        say(api.results(out))
    say(f"wrote {out}; next: {NAME} evaluate {quote(str(out))} --on DOMAIN")
