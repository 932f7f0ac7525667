"""The command `predict`: say of images whether they are real or fake, or that nobody can tell."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forensictransfer.cli.common import NAME, RUN_FIXES, add_config, add_overwrite
from forensictransfer.cli.flags import Parser, add_settings, settings_of
from forensictransfer.cli.output import STDOUT, print_json, say
from forensictransfer.core.errors import ErrorCode, UserError

if TYPE_CHECKING:
    from forensictransfer.inference.batch import Tally
    from forensictransfer.inference.verdict_files import Outcome
    from forensictransfer.results.formats.verdicts import JudgedBy, Verdicts

_EPILOG = f"""\
Each image is called real, fake, or unsure, with the reason. The scores are those of `evaluate`.

--error is a promise: of the real images at most this share is called fake, and of the fakes at most this share real,
for images like those that the run was calibrated on: the validation split of a training, the shots of an adaptation.
It does not hold for pictures of another kind, and nothing here proves where a picture comes from. A small error takes
many images: 10 of a class allow 0.1, it takes 19 for 0.05. `evaluate` measures how much would be decided at 0.05, 0.1
and 0.2, and how much of that wrongly.

With --stable what is called real or fake must also be so when the picture is saved as JPEG 70 and at half its size; a
call that turns round is `unsure`. It takes two to three times as long. A run that learned from files as they are hardly
calls anything fake then: the traces that it goes by are what compression removes, which is no doubt about the picture.

Large pictures are scored by at most --evaluate.max_tiles tiles, spread evenly over them; `seen` is the share of the
pixels in them.

With --csv, --json FILE or --parquet what is said is written as it comes, and FILE.progress remembers it by the hash of
each file: a batch that was broken goes on when the same command is given again.

exit code: 0 where every file was read, whatever was found; 1 where some could not be; 2 where none could

examples:
  {NAME} predict runs/mine photo.jpg
  {NAME} predict runs/mine folder/ 'more/**/*.png' --error 0.05 --csv verdicts.csv
  find . -name '*.jpg' -print0 | {NAME} predict runs/mine - --parquet verdicts.parquet
  {NAME} predict runs/mine photo.jpg --json
  {NAME} predict runs/mine found_out/ --truth fake --feedback corrections
"""


def add(sub: Any) -> Parser:
    """Add the command to the parser of all commands."""
    parser: Parser = sub.add_parser(
        "predict",
        usage=f"{NAME} predict RUN IMAGE [IMAGE ...] [--error E] [--csv FILE] [--json [FILE]] [flags]",
        help="say of images of your own whether they are real or fake, or unsure and why",
        description="Say of images whether they are real or fake by a run, or that it cannot tell, and why.",
        epilog=_EPILOG,
    )
    parser.add_run("the run to judge by")
    parser.add_argument(
        "images",
        metavar="IMAGE",
        nargs="+",
        help="an image, a folder with images at any depth, a pattern in quotes, or - for a list on stdin (one a line, "
        "or each ended by a zero byte)",
    )
    place = parser.add_argument_group("how sure")
    place.add_argument(
        "--error", type=float, default=None, metavar="E", help="the share of errors allowed of either class (0.1)"
    )
    place.add_argument(
        "--by-threshold",
        action="store_true",
        help="call every image by the run's threshold, as `evaluate` does; nothing is left open",
    )
    place.add_argument(
        "--stable", action="store_true", help="leave open what would be called the other as JPEG 70 or at half the size"
    )
    place.add_argument(
        "--draw", type=int, default=0, metavar="N", help="of an adapted run: the draw of shots that judges (0)"
    )
    place = parser.add_argument_group("feedback")
    place.add_argument("--truth", choices=("real", "fake"), help="what all of these images are, as you know")
    place.add_argument(
        "--feedback",
        metavar="FOLDER",
        help="with --truth: keep those not called that in FOLDER, a domain for the next `adapt --target FOLDER`",
    )
    place = parser.add_argument_group("output")
    place.add_argument("--csv", metavar="FILE", help="write a table, a row for each file")
    place.add_argument(
        "--json", nargs="?", const=STDOUT, metavar="FILE", help="print JSON instead; with FILE write it there"
    )
    place.add_argument("--parquet", metavar="FILE", help="write the same table as Parquet")
    add_overwrite(place)
    add_config(place)
    unused = ("data.crop", "data.recompress", "data.masks", "data.augment", "data.split", "data.memory_mb")
    add_settings(parser, sections=("data", "evaluate"), leave_out=(*unused, "data.data_dir", "evaluate.resamples"))
    parser.refused |= dict.fromkeys(("--detector", "--data.crop", "--data.recompress"), RUN_FIXES)
    parser.set_defaults(handler=run)
    return parser


def run(arguments: Namespace) -> int:
    """Judge the images, printing a line for each where nothing else is written; returns the exit code."""
    from forensictransfer.api import images as api
    from forensictransfer.evaluation.abstention import ERROR
    from forensictransfer.inference.batch import Outputs, Tally, judge_files
    from forensictransfer.inference.feedback import Feedback
    from forensictransfer.results.formats.verdicts import Verdict

    if arguments.by_threshold and arguments.error is not None:
        raise UserError(
            "--error and --by-threshold: give one of them; by the threshold nothing is left open",
            code=ErrorCode.ARGUMENTS_CONFLICT,
        )
    if (arguments.truth is None) != (arguments.feedback is None):
        raise UserError(
            "--truth and --feedback: give both, what the images are and the folder to keep them in",
            code=ErrorCode.ARGUMENTS_CONFLICT,
        )
    to_stdout = arguments.json == STDOUT
    names = (arguments.csv, None if to_stdout else arguments.json, arguments.parquet)
    outputs = Outputs(*(None if one is None else Path(one).expanduser() for one in names))
    outputs.check(overwrite=arguments.overwrite)
    error = None if arguments.by_threshold else ERROR if arguments.error is None else arguments.error
    judge = api.predict_request(
        *(arguments.run, error, arguments.draw, arguments.stable),
        *(arguments.config, settings_of(arguments)),
    )
    tally, shown = Tally(), _Shown(judge.by, to_stdout, silent=bool(outputs.files))
    found = judge_files(
        judge, _listed(arguments.images), outputs, overwrite=arguments.overwrite, progress="judging images"
    )
    feedback = None if arguments.feedback is None else Feedback(arguments.feedback, judge.by)
    for one in found:
        tally.add(one)
        shown.add(one)
        if feedback is not None and isinstance(one, Verdict):
            feedback.add(judge.image(Path(one.name)), one, arguments.truth)
    shown.end(tally, outputs.files)
    if feedback is not None and not to_stdout:
        say(f"kept in {feedback.folder}: {feedback.kept:,} that are {arguments.truth} and were not called so")
    return 0 if not tally.skipped else 1 if tally.images else 2


def _listed(words: list[str]) -> Iterator[str]:
    """Yield what was named, and instead of `-` what stdin lists."""
    for word in words:
        if word != "-":
            yield word
            continue
        content = sys.stdin.buffer.read()
        parts = content.split(b"\0") if b"\0" in content else content.splitlines()
        yield from (os.fsdecode(part) for part in parts if part)


class _Shown:
    """What is printed while images are judged, and at the end."""

    def __init__(self, by: JudgedBy, as_json: bool, *, silent: bool) -> None:
        self._by, self._as_json, self._silent = by, as_json, silent or as_json
        self._kept: list[Outcome] = []

    def add(self, one: Outcome) -> None:
        if self._as_json:
            self._kept.append(one)
        elif not self._silent:
            say(_line(one))

    def end(self, tally: Tally, files: list[Path]) -> None:
        if self._as_json:
            print_json(_document(self._by, self._kept))
            return
        say("\n".join(_summary(self._by, tally, files)))


def _document(by: JudgedBy, outcomes: list[Outcome]) -> Verdicts:
    from forensictransfer.results.formats.verdicts import Verdict, Verdicts

    images = tuple(one for one in outcomes if isinstance(one, Verdict))
    return Verdicts(by=by, images=images, skipped=tuple(one for one in outcomes if not isinstance(one, Verdict)))


def _line(one: Outcome) -> str:
    from forensictransfer.results.formats.skipped import SkippedImage

    if isinstance(one, SkippedImage):
        return f"skipped  {one.name}: {one.reason} [{one.code}]"
    sure = "" if one.probability is None else f"  probability of fake {one.probability:.2f}"
    why = f"  ({one.why})" if one.doubts else ""
    return f"{one.decision:<7}  {one.name}{sure}{why}"


def _summary(by: JudgedBy, tally: Tally, files: list[Path]) -> Iterator[str]:
    counts = [f"{tally.decisions[name]:,} {name}" for name in ("real", "fake", "unsure")]
    why = ", ".join(f"{code} {number:,}" for code, number in tally.doubts.most_common())
    yield f"{tally.images:,} images: {', '.join(counts)}{f' ({why})' if why else ''}" + (
        f"; {tally.skipped:,} could not be read" if tally.skipped else ""
    )
    learned = f"{by.detector} of {by.run}, trained on {by.trained_on}" + (f", adapted to {by.target}" * bool(by.target))
    if by.error is None:
        yield f"by {learned}: fake above the threshold {by.threshold:.4g}"
    elif by.calibrated_on is None:
        yield f"by {learned}: nothing to calibrate on"
    else:
        yield (
            f"by {learned}; errors of either class at most {by.error:.3g}, for images like the {by.reals} real and "
            f"{by.fakes} fake of {by.calibrated_on}"
        )
    if files:
        yield f"written: {', '.join(map(str, files))}"
