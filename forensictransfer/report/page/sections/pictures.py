"""Pictures of single test images: the surest mistakes and right verdicts, as far as the page has room for them."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup
from PIL import Image

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.data.records import CLASSES
from forensictransfer.report.analysis.view import View
from forensictransfer.report.names import arrow, counted
from forensictransfer.report.page.elements import Section, fold, grid, heading, lines, paragraph
from forensictransfer.report.page.sections.layout import by_detector
from forensictransfer.report.rendering import element
from forensictransfer.results.cells import Cell
from forensictransfer.results.formats.document import read_document
from forensictransfer.results.formats.pictures import PicturedImage, PicturedImages

ROOM = 1_200_000  # bytes of pictures, before they become a third larger as text
_PHOTOGRAPH = "photograph"
_KINDS = {
    _PHOTOGRAPH: "whole photograph, the crop's place framed",
    "crop": "crop",
    "input": "what the encoder is fed",
    "reconstruction": "its reconstruction",
}
_TYPES = {b"\x89PNG\r\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


@dataclass(frozen=True)
class Case:
    """One test image: whose evaluation it is of, what was said of it, and its pictures as (kind, PNG or JPEG)."""

    source: str
    title: str
    about: PicturedImage
    pictures: tuple[tuple[str, bytes], ...]

    @property
    def size(self) -> int:
        return sum(len(content) for _, content in self.pictures)


@dataclass(frozen=True)
class Shown:
    """A picture as the page shows it; place: the crop's place (left, top, width, height) in pixels of the picture."""

    uri: str
    width: int
    height: int
    text: str
    look: str
    place: tuple[float, float, float, float] | None


def pictures_section(view: View) -> Section | None:
    """Show the surest verdicts, whole and at the crop that decided: after adaptation, on own tests, zero-shot."""
    found = {
        detector: [case for cell, title in _evaluations(view, detector) for case in read_cases(view, cell, title)]
        for detector in view.results.detectors
    }
    if not any(found.values()):
        return None
    text = paragraph(
        "The surest verdicts on test images, wrong and right: the whole photograph with the place of the crop that "
        "speaks loudest for the verdict (sweeps of earlier versions kept the crop alone), that crop, what the encoder "
        "is fed there, and the decoder's reconstruction of that. Probabilities are of “fake”, by the first draw of "
        "shots."
    )
    body = lines(text, by_detector(view, lambda name: _pictures(view, found[name])))
    return Section("pictures", "The surest verdicts, wrong and right", body)


def _pictures(view: View, cases: list[Case]) -> Markup:
    if not cases:
        return paragraph("No pictures were kept of this detector.", kind="note")
    kept = within_room(cases, ROOM // len(view.results.detectors))
    left_out = len(cases) - len(kept)
    note = (
        f"{counted(left_out, 'more image')} of these evaluations found no room here; they lie beside the predictions, "
        "in runs/…/evaluations/…/pictures."
    )
    parts: list[Markup] = []
    for source in view.results.sources:
        titles: dict[str, list[Markup]] = {}
        for case in kept:
            if case.source == source:
                titles.setdefault(case.title, []).append(_figure(case))
        if titles:
            inner = [item for title, figures in titles.items() for item in (heading(title, 4), grid(figures))]
            parts.append(fold(f"Trained on {view.name(source)}", *inner, unfolded=not parts))
    return lines(*parts, paragraph(note, kind="note") if left_out else "")


def within_room(cases: list[Case], room: int) -> list[Case]:
    """Choose the cases that there is room for, in their order: first one of each kind for each title, then a second."""
    ranks: dict[tuple[str, str], int] = {}
    ranked = []
    for place, case in enumerate(cases):
        key = (case.title, case.about.why)
        ranks[key] = ranks.get(key, -1) + 1
        right = "right" in case.about.why
        ranked.append((ranks[key] + right, place))
    kept = set()
    for _, place in sorted(ranked):
        if cases[place].size <= room:
            room -= cases[place].size
            kept.add(place)
    return [case for place, case in enumerate(cases) if place in kept]


def read_cases(view: View, cell: Cell, title: str) -> list[Case]:
    """Read the pictures beside an evaluation, if it kept any.

    Raises UserError for a list or a picture that is damaged.
    """
    folder = view.results.folder(cell) / "pictures"
    path = folder / "pictures.json"
    if not path.is_file():
        return []
    listed = read_document(path, PicturedImages, "evaluate again").root
    return [Case(cell.source, title, about, tuple(_read(folder, about.files))) for about in listed]


def _read(folder: Path, files: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    for kind in _KINDS:
        if kind in files:
            path = folder / Path(files[kind]).name
            try:
                content = path.read_bytes()
            except OSError as error:
                raise UserError(
                    f"{path}: a picture that pictures.json lists cannot be read; evaluate again",
                    code=ErrorCode.PATH_NOT_READABLE,
                ) from error
            if not content.startswith(tuple(_TYPES)) or not _is_picture(content):
                raise UserError(
                    f"{path}: expected a PNG or a JPEG; incomplete? evaluate again", code=ErrorCode.FILE_INVALID
                )
            yield kind, content


def _is_picture(content: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(content)) as opened:
            opened.load()
    except Exception:  # damaged files raise almost anything
        return False
    return True


def _evaluations(view: View, detector: str) -> Iterator[tuple[Cell, str]]:
    """Choose the evaluations whose pictures are shown.

    Of each pair the last, then own tests, then zero-shot, each of the first seed.
    """
    for pair in view.pairs:
        for cell in view.last(detector, *pair)[:1]:
            yield cell, f"{arrow(*map(view.name, pair))}, after {cell.strategy} at k = {cell.shots}"
    for source in view.results.sources:
        for cell in view.own_cells(detector, source)[:1]:
            yield cell, f"{view.name(source)} on its own test"
    for pair in view.pairs:
        for cell in view.cells(detector, "", *pair, 0)[:1]:
            yield cell, f"{arrow(*map(view.name, pair))}, zero-shot"


def _figure(case: Case) -> Markup:
    about = case.about
    called = "fake" if about.score > about.threshold else "real"
    caption = (
        f": {about.name}, {CLASSES[about.label]}, called {called}; probability of fake {about.probability:.3f}, "
        f"score {about.score:.3f}, threshold {about.threshold:.3f}."
    )
    if len(case.pictures) < len(_KINDS):
        caption += f" Shown: {', '.join(_KINDS[kind] for kind, _ in case.pictures)}."
    pictures = [_shown(kind, content, about) for kind, content in case.pictures]
    return element("picture_case", pictures, about.why.capitalize(), caption)


def _shown(kind: str, content: bytes, about: PicturedImage) -> Shown:
    media = next(media for start, media in _TYPES.items() if content.startswith(start))
    with Image.open(io.BytesIO(content)) as opened:
        width, height = opened.size
    uri = f"data:{media};base64,{base64.b64encode(content).decode()}"
    look = f"frame {_PHOTOGRAPH}" if kind == _PHOTOGRAPH else "frame"
    place = _place(about, width, height) if kind == _PHOTOGRAPH else None
    return Shown(uri, width, height, f"{_KINDS[kind]} of {about.name}", look, place)


def _place(about: PicturedImage, width: int, height: int) -> tuple[float, float, float, float] | None:
    """Compute the crop's place in pixels of the small photograph, from that in pixels of the test image."""
    if about.place is None or about.size is None:
        return None
    top, left, tall, wide = about.place
    full_height, full_width = about.size
    across, down = width / full_width, height / full_height
    # A crop of a smaller image is mirrored beyond its edge, which the photograph does not show.
    wide, tall = min(wide, full_width - left), min(tall, full_height - top)
    return round(left * across, 1), round(top * down, 1), round(wide * across, 1), round(tall * down, 1)
