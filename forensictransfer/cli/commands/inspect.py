"""The command `inspect`: everything that needs no training, on images of one's own."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from forensictransfer.cli.common import NAME
from forensictransfer.cli.flags import Parser
from forensictransfer.cli.output import add_json, answer, check_json, say

if TYPE_CHECKING:
    from forensictransfer.results.formats.inspection import Finding, Inspection, ProvenanceFinding

_EPILOG = f"""\
Each image has a line of how its file was made, lines of what its metadata say of its origin, and a line for each
detector: what it finds, how strong (in its own unit, larger for a forgery), and where; or why it does not apply. A
detector that fails is one such line, and a file that cannot be read is listed at the end. Nothing found proves nothing:
a trace that was never there leaves none.

Metadata (EXIF, XMP, IPTC, texts, thumbnails, C2PA manifests) are findings, never a score: each line says what it rests
on and what it does not prove. C2PA needs an extra: pip install 'forensictransfer[provenance]'. Nothing is fetched.

exit code: 0 where at least one image was inspected, whatever was found in it; 2 where none could be read

examples:
  {NAME} inspect photo.jpg
  {NAME} inspect photo.jpg folder/ --out findings          (maps as PNG, findings/sheet.png, findings/inspection.json)
  {NAME} inspect folder/ --detectors jpeg_grid --json findings.json
  {NAME} inspect signed.jpg --trust certificates.pem
  {NAME} inspect photo.png --detectors jpeg_ghosts --ghost-shifts
  {NAME} inspect photo.jpg --run runs/noiseprint --out findings
"""


def add(sub: Any) -> Parser:
    """Add the command to the parser of all commands."""
    parser: Parser = sub.add_parser(
        "inspect",
        usage=f"{NAME} inspect IMAGE [IMAGE ...] [--out FOLDER] [--json [FILE]] [--detectors NAME ...] [flags]",
        help="look at images with every detector that needs no training",
        description="Look at images with every detector that needs no training: what it finds, how strong, and where.",
        epilog=_EPILOG,
    )
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="an image, or a folder with images at any depth")
    parser.add_argument("--out", metavar="FOLDER", help="a new folder for maps, one sheet of them all, and JSON")
    parser.add_argument(
        "--detectors", metavar="NAME", nargs="+", help="the detectors to use (default: all that learn nothing)"
    )
    parser.add_argument(
        "--trust", metavar="FILE", help="certificates (PEM) of signers of C2PA manifests that you trust (default: none)"
    )
    parser.add_argument(
        "--ghost-shifts",
        action="store_true",
        help="jpeg_ghosts searches all 64 grids of JPEG, as a pasted region seldom lies on the image's own: slower, for"
        " files that were saved last as PNG or at about 95",
    )
    parser.add_argument(
        "--run",
        metavar="RUN",
        nargs="+",
        default=[],
        help="runs of `train --photos` (noiseprint, exif_consistency), which know no forgery: what they find, too",
    )
    add_json(parser)
    parser.set_defaults(handler=run)
    return parser


def run(arguments: Namespace) -> None:
    """Print what is found in each image."""
    from forensictransfer import api

    check_json(arguments)
    found = api.inspect(
        arguments.images,
        detectors=arguments.detectors,
        out=arguments.out,
        trust=arguments.trust,
        ghost_shifts=arguments.ghost_shifts,
        runs=arguments.run,
    )
    answer(arguments, found, lambda: say("\n".join(_lines(found, arguments.out))))


def _lines(found: Inspection, out: str | None) -> Iterator[str]:
    for image in found.images:
        yield "; ".join([f"{image.name}: {image.format}, {image.width} x {image.height}", *image.about])
        wide = max((len(one.source) for one in image.provenance), default=0)
        for told in image.provenance:
            yield f"  {told.source:<{wide}}  {_told(told)}"
        width = max((len(one.detector) for one in image.findings), default=0)
        for one in image.findings:
            yield f"  {one.detector:<{width}}  {_said(one)}"
    for left in found.skipped:
        yield f"skipped: {left.name}: {left.reason} [{left.code}]"
    yield from (f"note: {note}" for note in found.notes)
    if out is not None:
        yield f"maps and inspection.json in {out}" + (f", all of them on {found.sheet}" if found.sheet else "")


def _told(one: ProvenanceFinding) -> str:
    answer = f"{one.answer}: " if one.answer and not one.words.startswith(one.answer) else ""
    return f"{answer}{one.words} | {one.strength} | {one.limits}"


def _said(one: Finding) -> str:
    if one.error:
        return f"failed: {one.error}"
    if not one.applies:
        return f"does not apply: {one.reason}"
    parts = ["; ".join(one.words) or "no words"]
    if one.score is not None:
        parts.append(f"strength {one.score:.3g}")
    if one.probability is not None:
        parts.append(f"probability {one.probability:.2f}")
    if one.found:
        where = ", ".join(f"{box.width} x {box.height} at ({box.left}, {box.top})" for box in one.places)
        parts.append(f"{one.area:.1%} of the image: {where}")
    elif one.found is not None:
        parts.append("nothing is called changed")
    return " | ".join(parts)
