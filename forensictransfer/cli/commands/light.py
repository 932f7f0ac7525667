"""The command `light`: from where the light falls on objects of an image, and whether two of them differ."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from forensictransfer.cli.common import NAME
from forensictransfer.cli.flags import Parser
from forensictransfer.cli.output import add_json, answer, check_json, say

if TYPE_CHECKING:
    from forensictransfer.results.formats.light import LightFound, LitObject

_EPILOG = f"""\
Along the outline of a round, matt object the surface faces sideways, and its brightness tells how far it faces the
light. A mask is an image of the same size, white where the object is. Choose objects of one material whose outline is
where they curve away (heads, fruit, balls, bodies), and paint red over the parts of the outline where something
covers them, where they stand on the ground, or where they change colour: those are not used.

Directions are degrees against the clock, 0 from the right, 90 from above, in the picture's plane alone. The p value is
how likely two objects under one distant light are as far apart, from the error bars. Several lamps, reflections,
shadows cast by other things and a lamp nearby make honest pictures differ: look before you judge.

exit code: 0 whatever was found; 2 for input that cannot be used

examples:
  {NAME} light photo.jpg --object left.png right.png
  {NAME} light photo.jpg --object left.png right.png --out found     (found/light.png, found/light.json)
"""


def add(sub: Any) -> Parser:
    """Add the command to the parser of all commands."""
    parser: Parser = sub.add_parser(
        "light",
        usage=f"{NAME} light IMAGE --object MASK [MASK ...] [--out FOLDER] [--json [FILE]] [flags]",
        help="ask from where light falls on objects that you outline",
        description="Ask from where the light falls on objects of an image, and whether two objects differ.",
        epilog=_EPILOG,
    )
    parser.add_argument("image", metavar="IMAGE", help="an image")
    parser.add_argument(
        "--object", metavar="MASK", nargs="+", required=True, dest="masks", help="images of its size, white: an object"
    )
    parser.add_argument("--out", metavar="FOLDER", help="a new folder for a picture of outlines and arrows, and JSON")
    add_json(parser)
    parser.set_defaults(handler=run)
    return parser


def run(arguments: Namespace) -> None:
    """Print the direction of each object, and how each two differ."""
    from forensictransfer import api

    check_json(arguments)
    found = api.light(arguments.image, arguments.masks, out=arguments.out)
    answer(arguments, found, lambda: say("\n".join(_lines(found, arguments.out))))


def _lines(found: LightFound, out: str | None) -> Iterator[str]:
    yield f"{found.name}: {found.width} x {found.height}"
    width = max(len(one.name) for one in found.objects)
    for one in found.objects:
        yield f"  {one.name:<{width}}  {_said(one)}"
    for pair in found.comparisons:
        yield f"  {pair.one} and {pair.other}: {pair.apart:.0f} degrees apart (+- {pair.error:.0f}), p {pair.p:.2g}"
    if found.comparisons:
        yield "  two lights differ" if found.differ else "  no two lights are shown to differ"
    if out is not None:
        yield f"light.json and {found.picture} in {out}"


def _said(one: LitObject) -> str:
    if not one.applies:
        return f"no direction: {one.reason}"
    return (
        f"light from {one.degrees:.0f} degrees, 95 % [{one.low:.0f}, {one.high:.0f}]; "
        f"explains {one.explained:.0%} of the brightness at {one.points} points"
    )
