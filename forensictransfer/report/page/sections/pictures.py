"""Pictures of single test images: the surest mistakes and right verdicts, as far as the page has room for them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import read_json
from forensictransfer.report.analysis.view import View
from forensictransfer.report.names import arrow, counted
from forensictransfer.report.page.html import Markup, Section, fold, grid, heading, lines, paragraph, tag
from forensictransfer.report.page.sections.layout import by_detector
from forensictransfer.results.cells import Cell

ROOM = 3_000_000  # bytes of pictures, before they become a third larger as text
_KINDS = {"crop": "crop", "input": "what the encoder is fed", "reconstruction": "its reconstruction"}
_NEEDED = ("name", "label", "score", "probability", "threshold", "why", "files")


@dataclass(frozen=True)
class Case:
    """One test image: whose evaluation it is of, what was said of it, and its pictures as (kind, PNG)."""

    source: str
    title: str
    about: dict[str, Any]
    pictures: tuple[tuple[str, bytes], ...]

    @property
    def size(self) -> int:
        return sum(len(content) for _, content in self.pictures)


def pictures_section(view: View) -> Section:
    """Crop, encoder input and reconstruction of the surest verdicts: after adaptation, on own tests, zero-shot."""
    text = paragraph(
        "The surest verdicts on test images, wrong and right. From left to right: the crop that speaks loudest for the "
        "verdict, what the encoder is fed there, and the decoder's reconstruction of that. "
        "Probabilities are of “fake”, by the first draw of shots."
    )
    body = lines(text, by_detector(view, lambda name: _pictures(view, name)))
    return Section("pictures", "Residuals, reconstructions and the surest verdicts", body)


def _pictures(view: View, detector: str) -> Markup:
    cases = [case for cell, title in _evaluations(view, detector) for case in read_cases(view, cell, title)]
    if not cases:
        return paragraph("No pictures were kept by the evaluations of this sweep.", kind="note")
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
    """The cases that there is room for, in their order: first of all one of each kind for each title, then a second."""
    ranks: dict[tuple[str, str], int] = {}
    ranked = []
    for place, case in enumerate(cases):
        key = (case.title, case.about["why"])
        ranks[key] = ranks.get(key, -1) + 1
        right = "right" in case.about["why"]
        ranked.append((ranks[key] + right, place))
    kept = set()
    for _, place in sorted(ranked):
        if cases[place].size <= room:
            room -= cases[place].size
            kept.add(place)
    return [case for place, case in enumerate(cases) if place in kept]


def read_cases(view: View, cell: Cell, title: str) -> list[Case]:
    """The pictures beside an evaluation, if it kept any. Raises UserError for a list or a picture that is torn."""
    folder = view.results.folder(cell) / "pictures"
    path = folder / "pictures.json"
    if not path.is_file():
        return []
    listed = read_json(path)
    if not isinstance(listed, list) or any(not isinstance(i, dict) or any(k not in i for k in _NEEDED) for i in listed):
        raise UserError(
            f"{path}: expected a list of pictures with {', '.join(_NEEDED)}; torn? evaluate again",
            code=ErrorCode.FILE_INVALID,
        )
    return [Case(cell.source, title, about, tuple(_read(folder, about["files"]))) for about in listed]


def _read(folder: Path, files: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    for kind in _KINDS:
        if kind in files:
            path = folder / Path(str(files[kind])).name
            try:
                content = path.read_bytes()
            except OSError as error:
                raise UserError(
                    f"{path}: a picture that pictures.json lists cannot be read; evaluate again",
                    code=ErrorCode.PATH_NOT_READABLE,
                ) from error
            if not content.startswith(b"\x89PNG\r\n"):
                raise UserError(f"{path}: expected a PNG; torn? evaluate again", code=ErrorCode.FILE_INVALID)
            yield kind, content


def _evaluations(view: View, detector: str) -> Iterator[tuple[Cell, str]]:
    """The evaluations whose pictures are shown: of each pair the last, then own tests, then zero-shot; first seeds."""
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
    images = [_image(content, f"{_KINDS[kind]} of {about['name']}") for kind, content in case.pictures]
    score, threshold, p = (float(about[name]) for name in ("score", "threshold", "probability"))
    called = "fake" if score > threshold else "real"
    caption = (
        f": {about['name']}, {'fake' if about['label'] == 1 else 'real'}, called {called}; probability of fake "
        f"{p:.3f}, score {score:.3f}, threshold {threshold:.3f}."
    )
    if len(case.pictures) < len(_KINDS):
        caption += f" Shown: {', '.join(_KINDS[kind] for kind, _ in case.pictures)}."
    row = Markup(f'<div class="row">{"".join(images)}</div>')
    return tag("figure", row, tag("figcaption", tag("strong", str(about["why"]).capitalize()), caption), class_="case")


def _image(content: bytes, text: str) -> Markup:
    # Width and height stand in the header of a PNG.
    width, height = (str(int.from_bytes(content[start : start + 4], "big")) for start in (16, 20))
    uri = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    return Markup(tag("img", src=uri, width=width, height=height, alt=text).removesuffix("</img>"))
