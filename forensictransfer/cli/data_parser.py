"""What the commands about data take, and what a domain is in the help of all commands. Nothing is done here."""

from __future__ import annotations

from typing import Any

from forensictransfer.cli.flags import Parser

NAME = "forensictransfer"
DOMAIN = """\
A DOMAIN is one of
  a built-in name   forged_photos/splice       (`forensictransfer data list` names them all)
  a folder          photos/splice              with real/ and fake/ in it, read in place; or with train/, validation/
                                               and test/ that hold real/ and fake/ each
  a domain file     splice.yaml                path: photos/splice    name: Splices    group: 'b\\d+r\\d+'
"""


_AUDIT = """\
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
--mend cuts both classes to one size (never resized) and saves both as JPEG of one quality, without metadata; it says
what it did and what is left. docs/audit.md gives every limit and its reason, and says what an audit cannot see.
"""


def add_audit(sub: Any) -> Parser:
    """The command `audit`."""
    parser: Parser = sub.add_parser(
        "audit",
        usage=f"{NAME} audit DOMAIN [DOMAIN2] [--group RULE] [--json FILE] [--mend FOLDER] [flags]",
        help="look for what a detector could cheat with",
        description="Look for what separates the reals of a domain from its fakes without forensics, and for copies\n"
        "and odd labels; in two domains also for what they share, and whether what separates the files of one does so\n"
        "in the other.",
        epilog=DOMAIN
        + "\n"
        + _AUDIT
        + f"""
examples:
  {NAME} audit photos/faces
  {NAME} audit photos/faces photos/swaps --json audit.json
  {NAME} audit photos/faces --group 'id\\d+' --strict
  {NAME} audit photos/faces --mend photos/faces_mended
""",
    )
    parser.add_argument("domain", metavar="DOMAIN", help="the domain to look at")
    parser.add_argument("other", metavar="DOMAIN2", nargs="?", help="a second one, to be compared with it")
    parser.add_argument("--json", metavar="FILE", help="write all findings as JSON, every pair and name among them")
    parser.add_argument("--workers", type=int, metavar="N", help="processes (default: one a processor, up to 8)")
    parser.add_argument("--mend", metavar="FOLDER", help="write the domain once more, both classes alike, and audit it")
    parser.add_argument("--overwrite", action="store_true", help="replace a mended domain that is there")
    parser.add_argument("--strict", action="store_true", help="end with 1 where the verdict is `do not use`")
    add_group(parser)
    parser.set_defaults(command="audit")
    return parser


def add_data(sub: Any) -> tuple[Parser, dict[str, Parser]]:
    """The command `data` and its own commands by name."""
    parser: Parser = sub.add_parser(
        "data",
        help="list, build or look at domains",
        description="Built-in data sets (nothing is downloaded: what is not made here, you get); a look at any domain.",
        epilog=DOMAIN
        + f"\nexamples:\n  {NAME} data list\n  {NAME} data list casia_v2\n  {NAME} data build forged_photos\n"
        + f"  {NAME} data build casia_v2/splicing --from /disk/CASIA2.0\n"
        + f"  {NAME} data show photos/faces --sheet faces.png\n  {NAME} data faces videos faces --per-video 16\n",
    )
    parser.set_defaults(command="data")
    inner = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)
    names: Parser = inner.add_parser(
        "list",
        help="the built-in data sets, and how to get them",
        description="The built-in data sets and how many of their domains are built; with a name all about one.",
    )
    names.add_argument("name", metavar="NAME", nargs="?", help="a data set: its domains, its files and where they go")
    names.set_defaults(command="data_list")
    build: Parser = inner.add_parser(
        "build",
        help="make a built-in data set",
        description="Make a built-in data set in $FORENSICTRANSFER_DATA or ~/.cache/forensictransfer. Nothing is "
        "downloaded: `data list NAME` says how files are got. A domain that is there is left alone.",
    )
    build.add_argument("name", metavar="NAME", help="a data set (all its domains) or one domain: forged_photos/splice")
    build.add_argument(
        "--from",
        dest="files",
        metavar="FOLDER",
        help="the extracted files of a data set that is got by hand (default: manual/DATASET in the data folder)",
    )
    build.add_argument("--overwrite", action="store_true", help="make it again if it is there")
    build.set_defaults(command="data_build")
    look: Parser = inner.add_parser(
        "show",
        help="count a domain's images by split and class",
        description="Count a domain's images by split and class, and say what would be passed over.",
        epilog=DOMAIN,
    )
    look.add_argument("domain", metavar="DOMAIN")
    look.add_argument("--sheet", metavar="FILE.png", help="also write a contact sheet: reals against fakes")
    add_group(look)
    look.set_defaults(command="data_show")
    return parser, {"list": names, "build": build, "show": look, "faces": _faces(inner)}


def _faces(inner: Any) -> Parser:
    parser: Parser = inner.add_parser(
        "faces",
        help="cut the faces out of videos",
        description="Cut the faces out of a video, or of all videos below a folder, as PNG: no resampling, on the\n"
        "grid of 8 pixels. Called again, it goes on. Needs forensictransfer[video].",
        epilog=f"examples:\n  {NAME} data faces videos faces --per-video 16\n"
        f"  {NAME} data show faces --group faces/groups.csv\n",
    )
    parser.add_argument("source", metavar="VIDEO_OR_DIR")
    parser.add_argument("out", metavar="OUT")
    parser.add_argument("--per-video", type=int, metavar="N", help="frames of each video, evenly (default 16)")
    parser.add_argument("--per-second", type=float, metavar="R", help="frames per second instead")
    parser.add_argument("--margin", type=float, default=0.3, help="how much longer than the face the crop is")
    parser.add_argument("--shape", default="square", help="square or box")
    parser.add_argument("--side", type=int, metavar="PIXELS", help="a fixed side (multiple of 8) instead")
    parser.add_argument("--smallest", type=int, default=64, metavar="PIXELS", help="smaller faces are passed over")
    parser.add_argument("--confidence", type=float, default=0.7, help="least score of a face")
    parser.add_argument("--masks", metavar="PATH", help="masks under the videos' paths, cropped alike into OUT_masks")
    parser.add_argument("--group-by", default="track", help="track (one face of one video) or video")
    parser.add_argument("--overwrite", action="store_true", help="do everything again")
    parser.set_defaults(command="data_faces")
    return parser


def add_group(parser: Parser) -> None:
    """The flag that says what belongs together."""
    parser.add_argument(
        "--group",
        metavar="RULE",
        help="what belongs together: stem (default), path, a regular expression on the path, or a CSV file",
    )
