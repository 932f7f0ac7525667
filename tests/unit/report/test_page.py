"""The page of a sweep: the same bytes from the same files, whatever the files hold, and nothing said that is not so."""

from __future__ import annotations

import csv
import html
import importlib.util
import io
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import pytest

from forensictransfer.cli.main import main
from forensictransfer.core.errors import UserError
from forensictransfer.report.analysis.findings import verdict
from forensictransfer.report.analysis.ranking import overall, ranked
from forensictransfer.report.analysis.significance import least_p
from forensictransfer.report.analysis.view import View
from forensictransfer.report.page.sections.accuracy import why_empty
from forensictransfer.report.page.sections.pictures import Case, pictures_section, within_room
from forensictransfer.report.tables.csv_files import TableFiles, sheet_csv
from forensictransfer.report.tables.sheets import Sheet
from forensictransfer.report.tables.sweep import outcome
from forensictransfer.report.write import write_report
from forensictransfer.results.audits import audit_path, write_audit
from forensictransfer.results.formats.pictures import PicturedImage
from forensictransfer.results.sweep import open_sweep

FILES = ("index.html", "tables.csv", "tables.md", "tables.tex")
CSV = re.compile(r"tables/[\w+-]+\.csv")
SECTIONS = (
    *("words", "audits", "matrix", "curves", "ranking", "pictures", "energies", "roc", "forgetting", "rules"),
    *("significance", "tuning", "facts", "cost", "settings", "numbers", "reproduce"),
)


def load(name: str) -> ModuleType:
    """A helper beside this file; tests/ is no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).resolve().parents[2] / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


MADE = load("sweep_folder")
write_sweep: Callable[..., Path] = MADE.write_sweep


class Page(HTMLParser):
    """What stands in a page: tags with their attributes, text, and whether every tag is closed."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))
        assert self.open == []
        self.text = " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img", "br", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["style"], ["script"]):
            self.texts.append(data)

    def all(self, wanted: str) -> list[dict[str, str]]:
        """The attributes of every element of a name."""
        return [{k: str(v) for k, v in attributes.items()} for tag, attributes in self.tags if tag == wanted]

    def sections(self) -> list[str]:
        return [attributes["id"] for attributes in self.all("section")]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up sweep of three domains. Not to be changed."""
    return write_sweep(tmp_path_factory.mktemp("page") / "sweep")


@pytest.fixture(scope="module")
def built(sweep: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of its report. Not to be changed."""
    return write_report(sweep, tmp_path_factory.mktemp("page") / "report").parent


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, Any]], Page]:
    """The page of a small made-up sweep, by the options that it is written with; each is made once."""
    made: dict[str, Page] = {}

    def page(options: dict[str, Any]) -> Page:
        if str(options) not in made:
            folder = tmp_path_factory.mktemp("small")
            path = write_sweep(folder / "sweep", **{"images": 6, "shots": (0, 10), "draws": 2, **options})
            made[str(options)] = Page(write_report(path, folder / "out"))
        return made[str(options)]

    return page


def audit(sweep: Path, name: str, **options: Any) -> None:
    """Put the audit of a domain, made up, into the folder of a sweep."""
    fingerprint = json.loads((sweep / "sweep.json").read_text())["domains"][name]["fingerprint"]
    (sweep / "audits").mkdir(exist_ok=True)
    write_audit(audit_path(sweep, name), MADE.audit_of(name, fingerprint, **options))


def files_in(folder: Path) -> set[str]:
    """The files below a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_same_files_give_the_same_bytes(sweep: Path, built: Path, tmp_path: Path) -> None:
    """From another place, in another process, with other hashes of strings."""
    moved = Path(shutil.copytree(sweep, tmp_path / "elsewhere" / "moved"))
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    code = (
        f"from forensictransfer.report.write import write_report as w; w({str(moved)!r}, {str(tmp_path / 'again')!r})"
    )
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)
    again = files_in(tmp_path / "again")
    assert again == files_in(built) and {name for name in again if not CSV.fullmatch(name)} == set(FILES)
    for name in again:
        assert (tmp_path / "again" / name).read_bytes() == (built / name).read_bytes(), name


def test_no_place_on_this_machine_is_told(sweep: Path, built: Path) -> None:
    for name in files_in(built):
        text = (built / name).read_text()
        assert str(sweep.parent) not in text and "/data/" not in text and "/home/" not in text, name


def test_the_page_is_whole_and_asks_for_nothing(built: Path) -> None:
    page = Page(built / "index.html")
    for tag, attributes in page.tags:
        for name in ("src", "href"):
            link = attributes.get(name)
            beside = tag == "a" and link is not None and (built / link).is_file()
            assert link is None or beside or link.startswith(("data:", "#")), f"{tag} {name}={link[:60]}"
    text = (built / "index.html").read_text()
    assert "url(" not in text and "@import" not in text and "default-src 'none'" in text
    for image in page.all("img"):
        assert image["alt"] and int(image["width"]) > 0 and int(image["height"]) > 0
    assert page.sections() == list(SECTIONS)
    links = [attributes["href"] for attributes in page.all("a")]
    assert [link[1:] for link in links if link.startswith("#") and not link.startswith("#run-")] == list(SECTIONS)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels) if after != 4)
    assert len(text) < 1_500_000


def test_every_figure_says_what_it_shows(built: Path) -> None:
    found = [svg for svg in Page(built / "index.html").all("svg") if svg.get("role") == "img"]
    assert len(found) > 20
    for svg in found:
        assert len(svg["aria-label"]) > 20 and svg["viewbox"] == f"0 0 {svg['width']} {svg['height']}"
    tables = Page(built / "index.html").all("th")
    assert tables and all(head["scope"] in ("col", "row") for head in tables)


def heat_maps(path: Path) -> dict[str, dict[tuple[str, str], str]]:
    """The numbers of the heat maps of the section on source and target, by title, source and target."""
    section = re.search(r'<section id="matrix">.*?</section>', path.read_text(), re.DOTALL)
    assert section is not None
    found = {}
    for title, body in re.findall(r"<caption>(.*?)</caption>(.*?)</table>", section[0], re.DOTALL):
        heads = re.findall(r'<th scope="col">(.*?)(?:<small>.*?)?</th>', body)
        rows = re.findall(r'<th scope="row">(.*?)</th>(.*?)</tr>', body, re.DOTALL)
        found[title] = {
            (source, target): re.sub("<[^>]*>", "", value)
            for source, cells in rows
            for target, value in zip(heads, re.findall(r"<td[^>]*>(.*?)(?:<small>.*?)?</td>", cells), strict=True)
        }
    return found


def test_what_stands_in_a_heat_map_was_measured(sweep: Path, built: Path) -> None:
    maps = heat_maps(built / "index.html")
    results = open_sweep(sweep)
    assert set(maps) == {"zero-shot, k = 0"} | {f"{s}, k = {k}" for s in results.strategies for k in (1, 10)}
    for cell in results.cells:
        value = cell.metrics["balanced_accuracy"].value
        assert value is not None
        if cell.aimed and not cell.own:
            assert maps[f"{cell.strategy}, k = {cell.shots}"][cell.source, cell.on] == f"{100 * value:.1f}"


def test_links_lead_to_rows_and_files_that_are_there(sweep: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(sweep, tmp_path / "a sweep"))
    path = write_report(folder, folder / "report")
    page = Page(path)
    anchors = {attributes["id"] for _, attributes in page.tags if attributes.get("id")}
    links = [attributes["href"] for attributes in page.all("a")]
    for link in links:
        assert link[1:] in anchors if link.startswith("#") else (path.parent / unquote(link)).exists(), link
    runs = {cell.run for cell in open_sweep(folder).cells}
    assert {link for link in links if link.startswith("../runs") and link.endswith("/")} == {f"../{r}/" for r in runs}
    tests = sum(link.endswith("predictions.csv") for link in links)
    assert tests == len(open_sweep(folder).cells) and "tables.csv" in links
    # Each number of a heat map leads to the row of the run that gave it.
    numbers = dict(re.findall(r'<tr id="(run-\d+)">.*?href="\.\./(runs/[^"]*)/"', path.read_text()))
    zero = re.search(r'<caption>zero-shot, k = 0</caption>.*?href="#(run-\d+)"[^>]*>95', path.read_text(), re.DOTALL)
    assert zero is not None and numbers[zero[1]].startswith("runs/alpha-ft-res-s0")


def test_a_page_elsewhere_links_to_no_place_of_this_machine(built: Path) -> None:
    links = [attributes["href"] for attributes in Page(built / "index.html").all("a")]
    assert all(link.startswith("#") or link in files_in(built) for link in links)


def tables_of(text: str) -> dict[str, str]:
    """The body of each table of figures by its title; heat maps are no such tables."""
    found = re.findall(r'<figure class="table"><figcaption><strong>(.*?)</strong>(.*?)</figure>', text, re.DOTALL)
    tables = {html.unescape(title): body for title, body in found}
    assert len(tables) == len(found), "no two tables have one title"
    return tables


@pytest.mark.parametrize("options", [{}, {"detectors": ("ft-res", "ft"), "seeds": (0, 1)}, {"failed": ("to-beta",)}])
def test_every_table_of_figures_has_its_rows_as_csv(tmp_path: Path, options: dict[str, Any]) -> None:
    made: dict[str, Any] = {"sources": ("alpha", "beta"), "images": 6, "pictures": False, "impossible": (("beta", 10),)}
    sweep = write_sweep(tmp_path / "sweep", **made, **options)
    audit(sweep, "alpha", accuracy=0.98)
    page = write_report(sweep, tmp_path / "out")
    linked = set()
    for title, body in tables_of(page.read_text()).items():
        link = re.search(r'<a class="csv" href="([^"]*)" aria-label="([^"]*), as CSV">CSV</a>', body)
        if '<table class="plain"' in body:
            assert link is None, "settings and environment are no figures"
            continue
        assert link is not None and html.unescape(link[2]) == title and CSV.fullmatch(link[1]), title
        head, *rows = csv.reader(io.StringIO((page.parent / link[1]).read_text()))
        assert len(rows) == body.partition("<tbody>")[2].count("<tr") and len(rows) > 0, title
        assert all(len(row) == len(head) for row in rows) and len(set(head)) == len(head), title
        linked.add(link[1])
    assert linked == {name for name in files_in(page.parent) if name.startswith("tables/")} and len(linked) > 10


def test_intervals_have_columns_of_their_own(built: Path) -> None:
    rows = list(csv.DictReader(io.StringIO((built / "tables" / "averages.csv").read_text())))
    means = {
        ((row["strategy"] if row["shots"] != "0" else "zero-shot"), row["shots"]): row
        for row in csv.DictReader(io.StringIO((built / "tables.csv").read_text()))
        if row["table"] == "averages"
    }
    assert len(rows) == len(means) > 3
    for row in rows:
        mean = means[row["strategy"], row["shots"]]
        for column, name in (("", "value"), (" low", "low"), (" high", "high")):
            assert row[f"balanced accuracy, %{column}"] == f"{100 * float(mean[name]):.1f}"


def test_what_stands_behind_an_interval_has_a_column_too() -> None:
    rows = (("a", "71.3 [66.0, 76.2]", "one\ntwo"), ("b", "-", "-"), ("c", "80.0 [n/a] (used)", "x [1, 2]"))
    text = sheet_csv(Sheet("Rules", ("rule", "mean, %", "words"), "lll", rows, 1))
    assert list(csv.reader(io.StringIO(text))) == [
        ["rule", "mean, %", "mean, % low", "mean, % high", "mean, % note", "words"],
        ["a", "71.3", "66.0", "76.2", "", "one; two"],
        ["b", "", "", "", "", ""],
        ["c", "80.0", "", "", "used", "x [1, 2]"],
    ]


def test_files_of_one_name_do_not_replace_each_other() -> None:
    files, sheets = TableFiles(), [Sheet(name, (name,), "l", (), 1) for name in ("first", "second")]
    assert [files.add("a/b c", sheet) for sheet in sheets] == ["tables/a_b_c.csv", "tables/a_b_c_2.csv"]
    assert files.contents() == {"tables/a_b_c.csv": "first\n", "tables/a_b_c_2.csv": "second\n"}


def test_long_tables_are_folded_and_headed(built: Path) -> None:
    text = (built / "index.html").read_text()
    for body in re.findall(r"<details(?: open)?>.*?</details>", text, re.DOTALL):
        text = text.replace(body, "")
    assert max(table.count("<tr") for table in re.findall(r"<table.*?</table>", text, re.DOTALL)) <= 15
    assert re.search(r'<table class="sortable">', text)


def test_the_first_screen_answers_three_questions(built: Path) -> None:
    """Before the contents: what transfers, what ten shots buy, what to distrust, two heat maps and the curve."""
    text = (built / "index.html").read_text()
    first = text[text.index("<header>") : text.index("<nav")]
    said = re.sub(r"<[^>]*>", "", first).replace("\u00a0", " ")
    assert re.findall(r"<dt>(.*?)</dt>", first) == ["What transfers", "What 10 shots buy", "What to distrust"]
    assert re.findall(r"<caption>(.*?)</caption>", first) == ["zero-shot, k = 0", "finetune, k = 10"]
    assert first.count('<svg viewBox="0 0 344 220"') == 1 and "Mean over 6 pairs by shots" in first
    assert re.search(r"\d of 6 pairs transfers? without shots\. Highest: \w+ → \w+ [\d.]+ % \[", said)
    assert re.search(r"Mean over pairs \(10 shots per class, finetune\): ft-res [\d.]+ → [\d.]+ % \[", said)
    assert "Intervals do not cover another training (one seed)." in said
    assert len(said.split()) < 260


def exact(accuracies: dict[tuple[str, str, int], float]) -> Callable[[Any], float]:
    """Accuracies by source, target and shots; 0.95 for a source's own test before adaptation, 0.85 after, else 0.5."""

    def accuracy(case: Any) -> float:
        if case.on == case.source:
            return 0.85 if case.target else 0.95
        return accuracies.get((case.source, case.on, case.shots), 0.5)

    return accuracy


def test_the_verdict_in_words(tmp_path: Path) -> None:
    """alpha reaches beta from one shot on, beta reaches alpha at 1 but not at 10, gamma is reached by none."""
    numbers = {
        **{("alpha", "beta", k): 0.9 for k in (1, 10)},
        **{("beta", "alpha", k): v for k, v in ((1, 0.9), (10, 0.7))},
    }
    path = write_sweep(tmp_path / "sweep", strategies=("finetune",), accuracy=exact(numbers), pictures=False)
    said = " ".join(verdict(View(open_sweep(path)), "ft-res"))
    assert "was trained on each of 3 domains and tested on 6 pairs of a source and another domain" in said
    assert "it reaches from 95.0 % [" in said and "(n = 40) on alpha to 95.0 % [" in said
    assert "Without shots (k = 0) no pair transfers; 6 are not told from chance." in said
    assert "with k shots per class, 2 of 6 pairs transfer at k = 1 and 1 of 6 at k = 10." in said
    assert re.search(r"From k = 1 on: alpha → beta 90\.0 % \[[\d.]+, [\d.]+\] \(n = 40, 3 draws\)\.", said)
    assert "At k = 10, 1 pair is better than chance but below 75 %: beta → alpha 70.0 % [" in said
    assert "At k = 10, 4 pairs are not told from chance: " in said
    assert "By finetune no source transfers to alpha and gamma with up to 10 shots." in said
    assert re.search(r"The mean over 6 pairs is 50\.0 % \[50\.0, 50\.0\] at k = 0 and 60\.0 % \[", said)
    assert "the accuracy on the source's own test changes by -10.0 [-10.0, -10.0] points (mean over 6 pairs)" in said


def test_the_verdict_names_sources_that_were_not_learned(tmp_path: Path) -> None:
    path = write_sweep(
        tmp_path / "sweep", accuracy=lambda case: 0.5 if case.source == "beta" else 0.9, shots=(0,), pictures=False
    )
    said = " ".join(verdict(View(open_sweep(path)), "ft-res"))
    assert "from 50.0 % [" in said and "On beta it is not told from chance even there." in said
    assert "Without shots (k = 0) 4 of 6 pairs transfer: " in said and "2 are not told from chance." in said


def test_the_long_table_is_one_table(built: Path, sweep: Path) -> None:
    rows = list(csv.DictReader(io.StringIO((built / "tables.csv").read_text())))
    assert all(None not in row and None not in row.values() for row in rows)
    kinds = dict.fromkeys(row["table"] for row in rows)
    assert list(kinds) == [
        *("cells", "averages", "forgetting", "rules", "strategies", "strategies_within", "tuning", "cost")
    ]
    results = open_sweep(sweep)
    cells = [row for row in rows if row["table"] == "cells"]
    assert len(cells) == sum(len(cell.metrics) for cell in results.cells)
    assert sum(float(row["seconds"]) for row in rows if row["table"] == "cost") == pytest.approx(
        sum(record.seconds for record in results.records)
    )
    assert {row["rule"] for row in rows if row["table"] == "rules"} == {"zero", "balanced", "midpoint", "oracle"}
    gains = [row for row in rows if row["table"] == "tuning"]
    assert {row["strategy"] for row in gains} == {"tuned"} and {row["pairs"] for row in gains} == {"6"}


def test_tables_for_people(built: Path) -> None:
    markdown, latex = (built / "tables.md").read_text(), (built / "tables.tex").read_text()
    for title in (
        *(
            "from how many shots a source transfers",
            "Mean over pairs",
            "Strategies compared over",
        ),
        *("under each threshold rule", "own test by adaptation", "Tuning: its gain", "Wall clock of jobs"),
    ):
        assert title in markdown and title in latex
    assert "oracle (looks at the test)" in markdown
    assert latex.isascii() and r" $\to$ " in latex
    assert latex.count(r"\begin{tabular}") == latex.count(r"\end{tabular}") > 8
    assert latex.count(r"\begin{table}") == latex.count(r"\end{table}")


def test_what_a_detector_could_cheat_with(sweep: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(sweep, tmp_path / "audited"))
    for name, accuracy in (("alpha", 0.98), ("beta", 0.51)):
        audit(folder, name, accuracy=accuracy)
    page = Page(write_report(folder, tmp_path / "report"))
    for said in (
        "What a detector could cheat with",
        "98.0 [95.0, 100.0]",
        "Warning: alpha: reals and fakes can be told apart without looking at a pixel (98.0 %",
        "a test found more than it should",
        "PNG in 0 % of reals, 98 % of <fakes>",
        "alpha/<b>.png",
        "Not audited: gamma.",
    ):
        assert said in page.text, said
    assert "Warning: beta" not in page.text
    # Of other images than those of the sweep: as good as none.
    write_audit(audit_path(folder, "beta"), MADE.audit_of("beta", "0" * 64))
    assert "Not audited: beta, gamma." in Page(write_report(folder, tmp_path / "report")).text
    path = audit_path(folder, "alpha")
    path.write_text(path.read_text().replace("0.98", "0.50"))
    with pytest.raises(UserError, match=r"alpha\.json: ", check=lambda error: error.code == "file-damaged"):
        write_report(folder, tmp_path / "report")


def test_without_audits_the_page_says_so(built: Path) -> None:
    assert "Not audited: alpha, beta, gamma." in Page(built / "index.html").text


def test_names_are_escaped(tmp_path: Path) -> None:
    names = ('a<b>&"c', "x$y$_z", "γ-{1}")
    path = write_sweep(tmp_path / "sweep", sources=names, images=8, strategies=("finetune",))
    page = Page(write_report(path, tmp_path / "out"))
    assert not any(tag == "b" for tag, _ in page.tags)
    for name in names:
        assert name in page.text
        assert any(name in svg.get("aria-label", "") for svg in page.all("svg"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"draws": 1}, "There is one draw of shots"),
        ({"draws": 1}, "Within single cells nothing can be tested"),
        ({"draws": 1}, "Intervals do not cover another training (one seed) and other shots (one draw)."),
        ({"seeds": (0, 1)}, "Range over seeds"),
        ({"detectors": ("ft-res", "ft")}, "Detector ft-res"),
        ({"detectors": ("ft-res", "ft")}, "Minus ft-res, mean over pairs"),
        ({"sources": ("alpha",), "targets": ("beta",)}, "alpha → beta"),
        ({"sources": ("set/alpha", "set/beta")}, "set: all domains are of it"),
        ({"sources": ("alpha", "beta")}, "2 pairs are too few to tell: after Holm p cannot fall below"),
        ({"sources": ("alpha", "beta")}, "2 pairs cannot tell strategies apart (p ≥ "),
        ({"failed": ("to-gamma-finetune-k10",)}, "2 failed and 0 have not ended yet"),
        ({"missing": ("to-beta",)}, "6 jobs without a result yet"),
        ({"impossible": (("beta", 10),)}, "beta has 8 real images in its train split, 10 shots were asked for"),
        ({"images": 1}, "[no interval]"),
        ({"missing": ("to-", "on-")}, "Nothing was tested without shots yet."),
    ],
    ids=str,
)
def test_what_is_not_there_is_said_and_breaks_nothing(
    small: Callable[[dict[str, Any]], Page], options: dict[str, Any], said: str
) -> None:
    page = small(options)
    assert said in page.text
    assert not re.search(r"\b(nan|None|inf)\b", page.text)


@pytest.mark.parametrize(
    ("options", "absent"),
    [
        ({}, {"detectors"}),
        ({"strategies": ("finetune",)}, {"detectors", "significance", "tuning", "ranking"}),
        ({"strategies": ("head", "finetune")}, {"detectors", "tuning"}),
        ({"pictures": False}, {"detectors", "pictures"}),
        ({"shots": (0,)}, {"detectors", "curves", "forgetting", "significance", "tuning", "ranking"}),
        ({"detectors": ("ft-res", "ft")}, set()),
        ({"detectors": ("ft-res", "ft"), "missing": ("ft-s0",)}, {"detectors"}),
        (
            {"missing": ("finetune", "head", "tuned")},
            {"detectors", "curves", "forgetting", "significance", "tuning", "ranking"},
        ),
    ],
    # The order of a set is another in each process, and with it its text.
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value),
)
def test_empty_sections_are_left_out(
    small: Callable[[dict[str, Any]], Page], options: dict[str, Any], absent: set[str]
) -> None:
    every = [*SECTIONS[:5], "detectors", *SECTIONS[5:]]
    page = small(options)
    assert page.sections() == [name for name in every if name not in absent]
    assert not re.search(r"There (is|are) no |No pair was", page.text)


def test_worse_than_chance_is_said(tmp_path: Path) -> None:
    path = write_sweep(
        tmp_path / "sweep",
        shots=(0,),
        images=40,
        accuracy=lambda case: 0.1 if (case.source, case.on) == ("alpha", "beta") else 0.5,
    )
    path = write_report(path, tmp_path / "out")
    page = Page(path)
    assert "Worse than chance: alpha → beta 10.0 % [" in page.text
    assert "5 are not told from chance and 1 is worse than chance." in page.text
    assert re.search(r'class="v0 worse">(?:<a[^>]*>)?10\.0<small>[^<]* worse than chance</small>', path.read_text())


def test_ranks_are_of_all_detectors_and_strategies(tmp_path: Path) -> None:
    """By hand: xception by head is best on both pairs, by 10 points; none is held against the first detector alone."""
    values = {("ft", "finetune"): 0.6, ("ft", "head"): 0.7, ("xception", "finetune"): 0.5, ("xception", "head"): 0.8}
    path = write_sweep(
        tmp_path / "sweep",
        sources=("alpha", "beta"),
        detectors=("ft", "xception"),
        strategies=("finetune", "head"),
        shots=(0, 10),
        images=20,
        pictures=False,
        accuracy=lambda case: values.get((case.detector, case.strategy), 0.5),
    )
    view = View(open_sweep(path))
    rows = [row for row in overall(view) if row.shots == 10]
    assert [(r.detector, r.strategy, r.rank, r.first, r.pairs) for r in rows] == [
        ("xception", "head", 1.0, 2, 2),
        ("ft", "head", 2.0, 0, 2),
        ("ft", "finetune", 3.0, 0, 2),
        ("xception", "finetune", 4.0, 0, 2),
    ]
    assert [(r.rank, r.first) for r in overall(view) if r.shots == 0] == [(1.5, 2), (1.5, 2)]
    assert [place.detector for place in ranked(view, ("alpha", "beta"), 10)] == ["xception", "ft", "ft", "xception"]
    text = Page(write_report(path, tmp_path / "out")).text
    assert "xception head 80.0 [" in text and "ranked by the very test images (an oracle)" in text


def test_two_pairs_cannot_show_no_difference(tmp_path: Path) -> None:
    """The least p of two pairs is 0.5: whatever the numbers, the test can say nothing."""
    path = write_sweep(tmp_path / "sweep", sources=("alpha", "beta"), images=20, pictures=False)
    comparisons = View(open_sweep(path)).over_pairs
    assert comparisons and all(c.least == 1.0 and not c.tellable for c in comparisons)
    assert {outcome(c) for c in comparisons} == {"too few to tell: p is at least 1.000"}
    assert (least_p(2), least_p(6), least_p(17)) == (0.5, 2 / 64, 2 / 20_001)
    report = write_report(path, tmp_path / "out").parent
    for name in ("index.html", "tables.md", "tables.tex"):
        assert "no difference shown" not in (report / name).read_text(), name


def test_photographs_are_shown_whole_with_the_place_of_the_crop(built: Path) -> None:
    text = (built / "index.html").read_text()
    cases = re.findall(r'<figure class="case">(.*?)</figure>', text, re.DOTALL)
    assert cases
    for case in cases:
        assert case.count("<img") == 4 and "data:image/jpeg" in case
        # 64 x 64 at (64, 128) of 320 x 480 pixels, in a photograph of 80 x 120.
        assert case.count('x="32.0" y="16.0" width="16.0" height="16.0"') == 2


def test_pictures_of_an_older_sweep_are_shown_without_the_photograph(sweep: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(sweep, tmp_path / "copy"))
    for listed in copy.glob("runs/*/evaluations/*/pictures/pictures.json"):
        cases = json.loads(listed.read_text())
        for about in cases:
            del about["files"]["photograph"], about["place"], about["size"]
        listed.write_text(json.dumps(cases))
    text = write_report(copy, tmp_path / "out").read_text()
    assert "data:image/png" in text and "data:image/jpeg" not in text
    assert "Shown: crop, what the encoder is fed, its reconstruction." in text


def test_impossible_and_failed_cells_say_so_in_the_heat_map(tmp_path: Path) -> None:
    path = write_sweep(
        tmp_path / "sweep",
        images=6,
        strategies=("head",),
        impossible=(("beta", 10),),
        failed=("alpha-ft-res-s0-to-gamma-head-k10",),
    )
    view = View(open_sweep(path))
    assert why_empty(view, "ft-res", "alpha", "beta", "head", 10) == "too few"
    assert why_empty(view, "ft-res", "alpha", "gamma", "head", 10) == "failed"
    assert why_empty(view, "ft-res", "beta", "alpha", "head", 5) == "–"


def test_a_number_says_how_to_make_it_again(sweep: Path, built: Path) -> None:
    text = Page(built / "index.html").text
    for cell in open_sweep(sweep).cells:
        assert cell.run in text
    assert "forensictransfer sweep sweep.yaml --out SWEEP" in text and "forensictransfer show SWEEP/runs/" in text
    assert "origin" not in text and "sources: [alpha, beta, gamma]" in text


def test_pictures_that_cannot_be_read(sweep: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(sweep, tmp_path / "copy"))
    listed = next(copy.glob("runs/*-to-*-finetune-k10-*/evaluations/*/pictures/pictures.json"))
    picture = listed.with_name("0-crop.png")
    content = picture.read_bytes()
    picture.write_bytes(content[3:])
    with pytest.raises(UserError, match=r"0-crop\.png", check=lambda error: error.code == "file-invalid"):
        write_report(copy, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    picture.unlink()
    with pytest.raises(
        UserError, match=r"0-crop\.png: .*pictures\.json", check=lambda error: error.code == "path-not-readable"
    ):
        pictures_section(View(open_sweep(copy)))
    picture.write_bytes(content)
    listed.write_text(json.dumps([{"name": "x"}]))
    with pytest.raises(
        UserError, match=r"pictures\.json: field '0\.label'", check=lambda error: error.code == "file-invalid"
    ):
        pictures_section(View(open_sweep(copy)))


def test_pictures_take_turns_where_there_is_room_for_few() -> None:
    """Ten bytes each, room for four: the surest miss of each title before the second one and the right verdicts."""
    whys = ("most confident miss", "most confident miss", "most confident right fake")
    about = {"label": 1, "score": 0.0, "probability": 0.5, "threshold": 0.5, "files": {"crop": "0-crop.png"}}
    cases = [
        Case("s", title, PicturedImage(name=str(n), why=why, **about), (("crop", b"0123456789"),))
        for title in "ab"
        for n, why in enumerate(whys)
    ]
    kept = within_room(cases, 49)
    assert [(case.title, case.about.name) for case in kept] == [("a", "0"), ("a", "1"), ("a", "2"), ("b", "0")]
    assert within_room(cases, 9) == [] and within_room(cases, 60) == cases


def test_the_command(sweep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = Path(shutil.copytree(sweep, tmp_path / "copy"))
    assert main(["report", str(copy)]) == 0
    assert capsys.readouterr().out == f"wrote {copy}/report/index.html\n"
    (tmp_path / "file").write_text("")
    assert main(["report", str(copy), "--out", str(tmp_path / "file")]) == 2
    err = capsys.readouterr().err.strip()
    assert f"{tmp_path / 'file'}: " in err and err.endswith("[path-wrong-kind]")
    file = next(copy.glob("runs/*/evaluations/*/predictions.csv"))
    file.write_text(file.read_text().replace("0.", "0.1", 1))
    assert main(["report", str(copy)]) == 2
    err = capsys.readouterr().err.strip()
    assert f"{file}: " in err.splitlines()[-1] and " jobs/" in err and err.endswith("[file-damaged]")
    assert main(["report", str(tmp_path)]) == 2
    assert capsys.readouterr().err.strip().endswith("[not-a-sweep]")
