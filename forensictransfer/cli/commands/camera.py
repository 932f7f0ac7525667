"""The command `camera`: fingerprints of cameras from their photographs, and which of them took an image."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from forensictransfer.cli.common import NAME, add_commands, add_overwrite
from forensictransfer.cli.flags import Parser
from forensictransfer.cli.output import add_json, answer, check_json, say

if TYPE_CHECKING:
    from forensictransfer.results.formats.camera import AbsenceFound, CameraCheck, CameraInfo, CameraMatch

_EPILOG = f"""\
Each pixel of a sensor is a little brighter or darker than its neighbours, always the same ones: what is left of a
photograph when its content is taken off bears that pattern, also after JPEG, crops and moderate resizing.

examples:
  {NAME} camera enroll my_camera/*.jpg --out cam.npz
  {NAME} camera check photo.jpg --camera cam.npz other.npz
"""
_ENROLL = """\
Some ten photographs of an even, bright, not saturated area (sky, a wall out of focus) or thirty others, as the camera
wrote them: not resized, not cropped, not stabilised. Those of another size and copies are skipped and listed.
"""
_CHECK = f"""\
An image is said to be a camera's where its peak-to-correlation energy (PCE) exceeds 60, or more where so many places
were searched that 60 would not keep the false alarms below one in a million. "False alarms" is how many such peaks
chance has among the places that were searched. All crops are searched, turned by quarters too, and whole photographs
of any size; of crops that were resized only the sizes that --scales names. Not found proves nothing: strong
compression, resizing and little light remove the pattern.

Where an image bears a fingerprint, windows of 128 pixels or more are asked whether it is missing there. The camera's
own photographs told how strong it should be, by brightness and detail; where it could not be seen, nothing is said.
Expected is a find in one of 1,000 images that nobody changed. On the map: red where it is absent, green where it would
be missed and is not, no colour where nothing can be said.

exit code: 0 where at least one image was checked, whatever was found; 2 where none could be read

examples:
  {NAME} camera check photo.jpg --camera cam.npz
  {NAME} camera check folder/ --camera cam.npz other.npz --json found.json
  {NAME} camera check photo.jpg --camera cam.npz --out findings      (findings/sheet.png, findings/cameras.json)
  {NAME} camera check crop.jpg --camera cam.npz --scales 0.5 0.75
"""


def add(sub: Any) -> tuple[Parser, dict[str, Parser]]:
    """Add the command to the parser of all commands; returns its own commands by name, too."""
    return add_commands(
        sub,
        "camera",
        {"enroll": _add_enroll, "check": _add_check},
        help="enroll cameras, and ask which of them took an image",
        description="Fingerprints of cameras (photo response non-uniformity): enroll cameras, check images.",
        epilog=_EPILOG,
    )


def _add_enroll(inner: Any) -> Parser:
    parser: Parser = inner.add_parser(
        "enroll",
        usage=f"{NAME} camera enroll PHOTO [PHOTO ...] --out FILE.npz [--name NAME] [--json [FILE]] [flags]",
        help="estimate a camera's fingerprint from its photographs",
        description="Estimate a camera's fingerprint from photographs that it took.",
        epilog=_ENROLL,
    )
    parser.add_argument("photos", metavar="PHOTO", nargs="+", help="a photograph, or a folder of them at any depth")
    parser.add_argument("--out", metavar="FILE.npz", required=True, help="the camera file to write")
    parser.add_argument("--name", metavar="NAME", help="what the camera is called (default: the file's name)")
    add_overwrite(parser)
    add_json(parser)
    parser.set_defaults(handler=_enroll)
    return parser


def _add_check(inner: Any) -> Parser:
    parser: Parser = inner.add_parser(
        "check",
        usage=f"{NAME} camera check IMAGE [IMAGE ...] --camera FILE.npz [FILE.npz ...] [--scales X ...] "
        "[--out FOLDER] [--json [FILE]] [flags]",
        help="ask which camera took an image",
        description="Ask of images which of some cameras took them, and from what part of its frame.",
        epilog=_CHECK,
    )
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="an image, or a folder with images at any depth")
    parser.add_argument(
        "--camera", metavar="FILE.npz", nargs="+", required=True, help="camera files that `camera enroll` wrote"
    )
    parser.add_argument(
        "--scales", metavar="X", nargs="+", type=float, default=(), help="sizes by which crops may have been resized"
    )
    parser.add_argument("--out", metavar="FOLDER", help="a new folder for maps, one sheet of them all, and JSON")
    add_json(parser)
    parser.set_defaults(handler=_check)
    return parser


def _enroll(arguments: Namespace) -> None:
    from forensictransfer import api

    check_json(arguments)
    found = api.enroll_camera(arguments.photos, arguments.out, name=arguments.name, overwrite=arguments.overwrite)
    answer(arguments, found, lambda: say("\n".join(_enrolled(found, arguments.out))))


def _enrolled(found: CameraInfo, out: str) -> Iterator[str]:
    count, flat = len(found.photographs), sum(one.flat for one in found.photographs)
    yield f"{found.name}: {found.width} x {found.height}, {count} photographs, {flat} of them even: {out}"
    asked = sorted(one.pce for one in found.photographs if one.pce is not None)
    if asked:
        bear = sum(not one.doubtful for one in found.photographs if one.pce is not None)
        yield (
            f"  {len(asked)} were compared with the fingerprint of the others: {bear} bear it "
            f"(PCE {asked[0]:.0f} to {asked[-1]:.0f}, median {asked[len(asked) // 2]:.0f})"
        )
    for left in found.skipped:
        yield f"skipped: {left.name}: {left.reason}"


def _check(arguments: Namespace) -> None:
    from forensictransfer import api

    check_json(arguments)
    found = api.check_camera(arguments.images, arguments.camera, out=arguments.out, scales=arguments.scales)
    answer(arguments, found, lambda: say("\n".join(_checked(found, arguments.out))))


def _checked(found: CameraCheck, out: str | None) -> Iterator[str]:
    for image in found.images:
        said = f"bears the fingerprint of {image.camera}" if image.camera else "none of these cameras is found"
        yield f"{image.name}: {image.width} x {image.height}; {said}"
        width = max(len(one.camera) for one in image.matches)
        for one in image.matches:
            yield f"  {one.camera:<{width}}  {_said(one)}"
        if image.absence is not None:
            yield f"  {_where(image.absence)}"
    for left in found.skipped:
        yield f"skipped: {left.name}: {left.reason} [{left.code}]"
    if out is not None:
        yield f"cameras.json in {out}" + (f", with maps, all of them on {found.sheet}" if found.sheet else "")


def _where(found: AbsenceFound) -> str:
    if found.side is None:
        return found.words
    parts = [found.words, f"windows of {found.side} pixels judge {found.judged:.0%} of the image"]
    if found.places:
        where = ", ".join(f"{box.width} x {box.height} at ({box.left}, {box.top})" for box in found.places)
        parts.append(f"{found.absent:.1%}: {where}")
    return " | ".join(parts)


def _said(one: CameraMatch) -> str:
    if not one.applies:
        return f"does not apply: {one.reason}"
    assert one.pce is not None and one.threshold is not None and one.log10_false_alarms is not None
    sign = ">" if one.found else "<="
    parts = [
        f"{'found' if one.found else 'not found'}: PCE {one.pce:.1f} {sign} {one.threshold:.0f}",
        f"false alarms 10^{one.log10_false_alarms:.1f} of {one.positions:,} places",
    ]
    if one.found:
        parts.append(_place(one))
        if one.enrolled:
            parts.append("the fingerprint was estimated from this very file: that proves nothing")
    return " | ".join(parts)


def _place(one: CameraMatch) -> str:
    turned = f", turned by {90 * one.quarters} degrees" if one.quarters else ""
    size = "" if one.scale in (None, 1.0) else f", resized to {one.scale:.3g}"
    return f"at ({one.left}, {one.top}) of the frame{turned}{size}"
