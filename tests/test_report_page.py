"""The page of a sweep: the same bytes from the same files, whatever the files hold, and nothing said that is not so."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from forensictransfer.cli import main
from forensictransfer.report.cells import Measured
from forensictransfer.report.figures.curves import curve_panel
from forensictransfer.report.figures.scores import reliability_points
from forensictransfer.report.names import short_names, wrapped
from forensictransfer.report.predictions import Scored
from forensictransfer.report.sweep import open_sweep
from forensictransfer.report.verdict import verdict
from forensictransfer.report.write import write_report

FILES = ("index.html", "tables.csv", "tables.md", "tables.tex")


def load(name: str) -> ModuleType:
    """A helper beside this file; tests/ is no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


write_sweep: Callable[..., Path] = load("sweep_folder").write_sweep


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up sweep. Not to be changed."""
    return write_sweep(tmp_path_factory.mktemp("page") / "sweep")


@pytest.fixture(scope="module")
def built(sweep: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its report. Not to be changed."""
    return write_report(sweep, tmp_path_factory.mktemp("page") / "report").parent


class Page(HTMLParser):
    """What stands in a page: tags with their attributes, and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img", "br", "line"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_same_files_give_the_same_bytes_wherever_they_lie(sweep: Path, built: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(sweep, tmp_path / "elsewhere" / "moved"))
    again = write_report(moved, tmp_path / "again").parent
    assert sorted(path.name for path in again.iterdir()) == sorted(FILES)
    for name in FILES:
        assert (again / name).read_bytes() == (built / name).read_bytes(), name
    assert str(sweep.parent) not in (built / "index.html").read_text()


def test_the_page_is_whole_and_asks_for_nothing(built: Path) -> None:
    page = Page((built / "index.html").read_text(encoding="utf-8"))
    assert page.open == []
    for tag, attributes in page.tags:
        for name in ("src", "href"):
            link = attributes.get(name)
            assert link is None or link.startswith(("data:", "#")), f"{tag} {name}={link[:60]}"
        if tag == "img":
            assert attributes["alt"] and attributes["width"] and attributes["height"]
        assert tag != "script"
    assert "url(" not in (built / "index.html").read_text() and "@import" not in (built / "index.html").read_text()
    anchors = {attributes["id"] for tag, attributes in page.tags if tag == "section"}
    links = {str(attributes["href"])[1:] for tag, attributes in page.tags if tag == "a"}
    assert links == anchors and {"summary", "matrix", "curves", "significance", "energies", "roc"} <= anchors
    assert {"thresholds", "forgetting", "pictures", "tuning", "reproduce"} <= anchors


def test_the_numbers_of_the_page_are_those_of_the_metrics(sweep: Path, built: Path) -> None:
    text = " ".join(Page((built / "index.html").read_text()).text)
    results = open_sweep(sweep)
    for cell in results.cells:
        if cell.own and cell.adapted_to is None:
            found = cell.metrics["balanced_accuracy"]
            assert found.value is not None and found.low is not None and found.high is not None
            said = f"{100 * found.value:.1f} % [{100 * found.low:.1f}, {100 * found.high:.1f}]"
            assert said in text and f"(n = {cell.n_real + cell.n_fake})" in text


def test_the_tables_hold_what_the_page_says(built: Path) -> None:
    markdown = (built / "tables.md").read_text()
    for title in (
        "Cross-domain table",
        "Mean over pairs",
        "Strategies compared",
        "Threshold rules",
        "Forgetting",
        "Cost",
    ):
        assert title in markdown
    assert "oracle (looks at the test)" in markdown
    latex = (built / "tables.tex").read_text()
    assert latex.count(r"\begin{tabular}") == latex.count(r"\end{tabular}") > 6


def test_names_are_escaped(tmp_path: Path) -> None:
    name = 'a<b>&"c'
    out = write_report(
        write_sweep(tmp_path / "sweep", sources=(name, "beta"), targets=(name, "beta")), tmp_path / "out"
    )
    page = Page(out.read_text())
    assert page.open == [] and not any(tag == "b" for tag, _ in page.tags)
    assert any(name in text for text in page.text)


@pytest.mark.parametrize(
    "options",
    [
        {"strategies": ("finetune",)},
        {"draws": 1},
        {"pictures": False},
        {"shots": (0,)},
        {"seeds": (0, 1)},
        {"sources": ("alpha",), "targets": ("beta",)},
        {"missing": ("to-beta-head",), "failed": ("to-gamma-finetune-k10",)},
    ],
    ids=lambda options: ",".join(options),
)
def test_what_is_not_there_breaks_nothing(tmp_path: Path, options: dict[str, Any]) -> None:
    page = Page(
        write_report(
            write_sweep(tmp_path / "sweep", **{"images": 8, "shots": (0, 10), **options}), tmp_path / "out"
        ).read_text()
    )
    text = " ".join(page.text)
    assert page.open == [] and "nan" not in text.lower().split()
    if "missing" in options:
        assert "what they would show is missing" in text
    if options.get("strategies") == ("finetune",):
        assert "nothing to compare" in text and "What tuning gained" not in text
    if options.get("pictures") is False:
        assert "No pictures were kept." in text


def test_the_command(sweep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = Path(shutil.copytree(sweep, tmp_path / "copy"))
    assert main(["report", str(copy)]) == 0
    assert capsys.readouterr().out == f"wrote {copy}/report/index.html\n"
    file = next(copy.glob("runs/*/evaluations/*/predictions.csv"))
    file.write_text(file.read_text().replace("0.", "0.1", 1))
    assert main(["report", str(copy)]) == 2
    err = capsys.readouterr().err.strip()
    assert f"{file}: was edited or torn since the job ended; restore it, or delete jobs/" in err.splitlines()[-1]
    assert main(["report", str(tmp_path)]) == 2
    assert "is not the folder of a sweep" in capsys.readouterr().err


def test_the_verdict_says_what_the_numbers_say(tmp_path: Path) -> None:
    sweep = write_sweep(tmp_path / "sweep", images=12, pictures=False)
    results = open_sweep(sweep)
    said = " ".join(verdict(results, results.detectors[0]))
    zero = [c for c in results.cells if c.adapted_to is None and not c.own]
    above = [c for c in zero if (c.metrics["balanced_accuracy"].low or 0) > 0.5]
    assert f"Zero-shot, {len(above)} of {len(zero)} pairs lie above chance" in said
    adapted = [c for c in results.cells if c.aimed and c.adapted_to is not None and c.shots == max(results.shots)]
    best = max(adapted, key=lambda c: c.metrics["balanced_accuracy"].value or 0)
    assert f"The best of them: {best.source} → {best.on} by {best.strategy}, " in said


def test_reliability_by_hand() -> None:
    """Five images at 0.1, one of them fake, and five at 0.95, all fake; a lone image at 0.5 is left out."""
    p = np.array([0.1] * 5 + [0.95] * 5 + [0.5])
    labels = np.array([1, 0, 0, 0, 0] + [1] * 5 + [0])
    scored = Scored(("",) * 11, labels, ("",) * 11, p, p, np.zeros((11, 2)))
    x, share = reliability_points([scored])
    np.testing.assert_allclose(x, [0.1, 0.95])
    np.testing.assert_allclose(share, [0.2, 1.0])


def test_a_curve_tells_its_numbers_in_words_too() -> None:
    points = [(0, Measured(0.5, 0.4, 0.6)), (10, Measured(0.75, 0.7, 0.8)), (50, Measured(None, None, None))]
    picture = curve_panel({"head": points}, ["finetune", "head"], "a → b")
    assert picture.text == "a → b: balanced accuracy in per cent by shots. head k=0: 50.0, k=10: 75.0"
    assert picture.uri.startswith("data:image/svg+xml;base64,")


def test_names_in_figures() -> None:
    assert short_names(["set/a", "set/b"]) == {"set/a": "a", "set/b": "b"}
    assert short_names(["set/a", "b"]) == {"set/a": "set/a", "b": "b"}
    assert wrapped("ciplab_photoshop_faces", 13) == "ciplab_\nphotoshop_\nfaces"
    assert wrapped("", 5) == ""
    assert wrapped("a_b", 13) == "a_b" and wrapped("x" * 40, 5) == "x" * 40
