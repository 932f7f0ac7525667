"""The command `generator`: fingerprints of generators from their images, which of them made an image, and how often."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from forensictransfer.cli.common import DOMAIN, NAME, add_commands, add_group, add_overwrite
from forensictransfer.cli.flags import Parser
from forensictransfer.cli.output import add_json, answer, check_json, print_table, say

if TYPE_CHECKING:
    from forensictransfer.results.formats.generator import GeneratorCheck, GeneratorInfo, GeneratorMatch, GeneratorTable

_MOST = 20  # files that were skipped which are listed
_EPILOG = f"""\
What the images of one generator have in common in the pixel grid is left when the noise of hundreds of them is
averaged. An image is of the generator whose fingerprint it bears most strongly, or of none of these: below a threshold
that keeps the false alarms of photographs at a stated rate no generator is named.

examples:
  {NAME} generator enroll my_domain --out stylegan.npz
  {NAME} generator check photo.png --generator stylegan.npz other.npz
  {NAME} generator table my_domain other_domain --fakes 50 200
"""
_ENROLL = f"""\
{DOMAIN}
Of a domain the train split is estimated from, the validation split is held out, and the test split is not looked at.
Of loose images, with --real, 30 % of the groups are held out. Photographs are needed: what they share with the fakes
(the place of an aligned face, the grid of JPEG) is taken off, and those held out tell which strengths mean nothing.
They should be as the fakes are: what is shown, how it was cut, resized and compressed. Copies, and images smaller than
--side, are skipped.

examples:
  {NAME} generator enroll my_domain --out stylegan.npz
  {NAME} generator enroll faces.yaml --fakes 200 --out stylegan.npz
  {NAME} generator enroll generated/ --real photographs/ --out stylegan.npz
"""
_CHECK = f"""\
The strength is the correlation of the image's noise with the fingerprint, in deviations: by the root of its mean square
over all places that the fingerprint could be moved to. A generator is found above its threshold. Each is given an equal
part of --false-alarms, and of the photographs held out when it was enrolled no larger part exceeds its threshold: the
rate holds for all generators together, for photographs like those enrolled. Of several that are found the strongest is
named.

"None of these" proves nothing: many fakes lie below the threshold (`generator enroll` says how many are recognised),
and resizing, or a crop of a few pixels, takes the fingerprint away. It does not mean that an image is real.

exit code: 0 where at least one image was checked, whatever was found; 2 where none could be read

examples:
  {NAME} generator check photo.png --generator stylegan.npz
  {NAME} generator check folder/ --generator stylegan.npz other.npz --false-alarms 0.01 --json found.json
"""
_TABLE = f"""\
{DOMAIN}
Fingerprints are estimated from train splits, thresholds chosen by the reals of validation splits, and the test splits
of all domains attributed: a row for each class, a column for each generator, and one for none of them. Expected are the
own generator for fakes and none for reals and for all of --others. Below: how often a generator that is named is right;
how often the own fingerprint is the strongest, without any threshold; and with each generator left out, how many images
of its domain are rejected. Intervals are over groups.

examples:
  {NAME} generator table stylegan.yaml stargan.yaml --fakes 10 50 200 --others photoshop.yaml --csv table.csv
"""


def add(sub: Any) -> tuple[Parser, dict[str, Parser]]:
    """Add the command to the parser of all commands; returns its own commands by name, too."""
    return add_commands(
        sub,
        "generator",
        {"enroll": _add_enroll, "check": _add_check, "table": _add_table},
        help="enroll generators, and ask which of them made an image",
        description="Fingerprints of generators: enroll generators, check images, measure attribution.",
        epilog=_EPILOG,
    )


def _add_enroll(inner: Any) -> Parser:
    parser: Parser = inner.add_parser(
        "enroll",
        usage=f"{NAME} generator enroll DOMAIN --out FILE.npz [flags]\n"
        f"       {NAME} generator enroll FAKE [FAKE ...] --real PHOTO [PHOTO ...] --out FILE.npz [flags]",
        help="estimate a generator's fingerprint from its images",
        description="Estimate a generator's fingerprint from images that it made, and from photographs.",
        epilog=_ENROLL,
    )
    parser.add_argument("fakes", metavar="FAKE", nargs="+", help="a domain; or images and folders, with --real")
    parser.add_argument("--real", metavar="PHOTO", nargs="+", help="photographs, and folders of them at any depth")
    parser.add_argument("--out", metavar="FILE.npz", required=True, help="the generator file to write")
    parser.add_argument("--name", metavar="NAME", help="what the generator is called (default: the file's name)")
    parser.add_argument("--fakes", dest="count", metavar="N", type=int, help="fakes to estimate from (default: all)")
    add_group(parser)
    _add_side(parser)
    add_overwrite(parser)
    add_json(parser)
    parser.set_defaults(handler=_enroll)
    return parser


def _add_check(inner: Any) -> Parser:
    parser: Parser = inner.add_parser(
        "check",
        usage=f"{NAME} generator check IMAGE [IMAGE ...] --generator FILE.npz [FILE.npz ...] [--false-alarms RATE] "
        "[--json [FILE]] [flags]",
        help="ask which generator made an image, if any of these",
        description="Ask of images which of some generators made them, or none of these.",
        epilog=_CHECK,
    )
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="an image, or a folder with images at any depth")
    parser.add_argument(
        "--generator",
        metavar="FILE.npz",
        nargs="+",
        required=True,
        help="generator files that `generator enroll` wrote",
    )
    _add_rate(parser)
    add_json(parser)
    parser.set_defaults(handler=_check)
    return parser


def _add_table(inner: Any) -> Parser:
    parser: Parser = inner.add_parser(
        "table",
        usage=f"{NAME} generator table DOMAIN [DOMAIN ...] [--others DOMAIN ...] [--fakes N ...] [--csv FILE] "
        "[--json [FILE]] [flags]",
        help="measure attribution to the generators of some domains",
        description="Enroll the generators of some domains, and attribute test images to them or to none.",
        epilog=_TABLE,
    )
    parser.add_argument("domains", metavar="DOMAIN", nargs="+", help="domains whose fakes are of one generator each")
    parser.add_argument(
        "--others", metavar="DOMAIN", nargs="+", default=(), help="domains whose images are of none of these generators"
    )
    parser.add_argument(
        "--fakes",
        metavar="N",
        nargs="+",
        type=int,
        default=(),
        help="fakes to estimate from, a table for each (default: all)",
    )
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="chooses the fakes (default: 0)")
    parser.add_argument("--csv", metavar="FILE", help="write the table as CSV too")
    add_group(parser)
    _add_rate(parser)
    _add_side(parser)
    add_json(parser)
    parser.set_defaults(handler=_table)
    return parser


def _add_side(parser: Parser) -> None:
    parser.add_argument(
        "--side", metavar="N", type=int, default=128, help="side of the tiles that are averaged, pixels (default: 128)"
    )


def _add_rate(parser: Parser) -> None:
    parser.add_argument(
        "--false-alarms",
        metavar="RATE",
        type=float,
        default=0.05,
        help="share of photographs like those enrolled that any generator may be named for (default: 0.05)",
    )


def _enroll(arguments: Namespace) -> None:
    from forensictransfer import api

    check_json(arguments)
    found = api.enroll_generator(
        arguments.fakes if arguments.real or len(arguments.fakes) > 1 else arguments.fakes[0],
        arguments.out,
        reals=arguments.real,
        name=arguments.name,
        count=arguments.count,
        group=arguments.group,
        side=arguments.side,
        overwrite=arguments.overwrite,
    )
    answer(arguments, found, lambda: say("\n".join(_enrolled(found, arguments.out))))


def _enrolled(found: GeneratorInfo, out: str) -> Iterator[str]:
    from forensictransfer.report.names import percent

    yield f"{found.name}: {found.width} x {found.height}, {found.fakes} fakes less {found.reals} reals: {out}"
    if found.held_out_fakes:
        yield (
            f"  of {len(found.held_out_fakes)} fakes held out {percent(found.recognised)} are recognised, where 5 % of "
            f"reals like the {len(found.held_out_reals)} held out may be taken for one"
        )
    else:
        yield "  no fake was held out: how many are recognised is not known"
    for left in found.skipped[:_MOST]:
        yield f"skipped: {left.name}: {left.reason}"
    if len(found.skipped) > _MOST:
        yield f"skipped: {len(found.skipped) - _MOST} more (--json lists them)"


def _check(arguments: Namespace) -> None:
    from forensictransfer import api

    check_json(arguments)
    found = api.check_generator(arguments.images, arguments.generator, false_alarms=arguments.false_alarms)
    answer(arguments, found, lambda: say("\n".join(_checked(found))))


def _checked(found: GeneratorCheck) -> Iterator[str]:
    for image in found.images:
        said = f"bears the fingerprint of {image.generator}" if image.generator else "none of these generators is found"
        yield f"{image.name}: {image.width} x {image.height}; {said}"
        width = max(len(one.generator) for one in image.matches)
        for one in image.matches:
            yield f"  {one.generator:<{width}}  {_said(one)}"
    for left in found.skipped:
        yield f"skipped: {left.name}: {left.reason} [{left.code}]"


def _said(one: GeneratorMatch) -> str:
    if not one.applies:
        return f"does not apply: {one.reason}"
    assert one.strength is not None and one.threshold is not None and one.chance is not None
    said = (
        f"{'found' if one.found else 'not found'}: strength {one.strength:.2f} {'>' if one.found else '<='} "
        f"{one.threshold:.2f} | {'at most ' if one.found else ''}{one.chance:.1%} of its reals are as strong"
    )
    return said + (" | the fingerprint was made with this very file: that proves nothing" if one.enrolled else "")


def _table(arguments: Namespace) -> None:
    from forensictransfer import api

    check_json(arguments)
    names = ("fakes", "false_alarms", "group", "side", "seed", "csv")
    found = api.generator_table(
        arguments.domains, arguments.others, **{name: getattr(arguments, name) for name in names}
    )
    answer(arguments, found, lambda: _tabled(found))


def _tabled(found: GeneratorTable) -> None:
    from forensictransfer.report.tables.generators import attribution_table, attribution_title

    say(f"tiles of {found.side} x {found.side}; {found.false_alarms:.1%} of reals are allowed to be named")
    for one in found.attributions:
        say(f"\n{attribution_title(one)}\n")
        print_table(attribution_table(found, one))
    for name, count in found.skipped.items():
        say(f"skipped: {count} images of {name}")
