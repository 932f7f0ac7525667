"""The command `data faces`: cut the faces out of videos."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from forensictransfer.cli.common import NAME
from forensictransfer.cli.flags import Parser
from forensictransfer.cli.output import say
from forensictransfer.data.video.settings import SHAPES, FaceSettings

_GROUPS = ("track", "video")
_OPTIONS = ("per_video", "per_second", "margin", "shape", "side", "smallest", "confidence")


def add(inner: Any) -> Parser:
    """Add the command to those of `data`."""
    usual = FaceSettings()
    parser: Parser = inner.add_parser(
        "faces",
        help="cut the faces out of videos",
        description="Cut the faces out of a video, or of all videos below a folder, as PNG: no resampling, on the\n"
        "grid of 8 pixels. Called again, it continues. Needs forensictransfer[video].",
        epilog=f"examples:\n  {NAME} data faces videos faces --per-video 16\n"
        f"  {NAME} data show faces --group faces/groups.csv\n",
    )
    parser.add_argument("source", metavar="VIDEO_OR_DIR", help="a video, or a folder of videos")
    parser.add_argument("out", metavar="OUT", help="folder to write the faces to")
    place = parser.add_argument_group("frames")
    place.add_argument(
        "--per-video",
        type=int,
        metavar="N",
        help=f"frames of each video, evenly over its time (default: {usual.per_video})",
    )
    place.add_argument("--per-second", type=float, metavar="R", help="frames per second instead (default: none)")
    place = parser.add_argument_group("crops")
    _number(place, "margin", usual.margin, "X", "how much longer than the face the crop is")
    place.add_argument(
        "--shape", choices=SHAPES, default=usual.shape, help=f"form of the crop (default: {usual.shape})"
    )
    place.add_argument(
        "--side", type=int, metavar="PIXELS", help="a fixed side, a multiple of 8, instead of both (default: none)"
    )
    _number(place, "smallest", usual.smallest, "PIXELS", "smaller faces are skipped")
    _number(place, "confidence", usual.confidence, "X", "least score of a face")
    place = parser.add_argument_group("files")
    place.add_argument("--masks", metavar="PATH", help="masks under the videos' paths, cropped alike into OUT_masks")
    place.add_argument(
        "--group-by",
        choices=_GROUPS,
        default=_GROUPS[0],
        help=f"what belongs together: one face of one video, or all of a video (default: {_GROUPS[0]})",
    )
    place.add_argument("--overwrite", action="store_true", help="do everything again")
    parser.set_defaults(handler=run)
    return parser


def run(arguments: Namespace) -> None:
    """Cut the faces out and say how many there are."""
    from forensictransfer.data.video import extract_faces

    say(
        extract_faces(
            arguments.source,
            arguments.out,
            settings=FaceSettings(**{name: getattr(arguments, name) for name in _OPTIONS}),
            masks=arguments.masks,
            group=arguments.group_by,
            overwrite=arguments.overwrite,
        )
    )


def _number(place: Any, name: str, usual: float, metavar: str, about: str) -> None:
    place.add_argument(
        f"--{name}", type=type(usual), default=usual, metavar=metavar, help=f"{about} (default: {usual})"
    )
