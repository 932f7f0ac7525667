"""The figures of a sweep's page and what they are drawn from: numbers by hand, colours, words."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.analysis.series import Point
from forensictransfer.report.analysis.transfer import standing, transfers_from
from forensictransfer.report.figures.curves import curve_panel, limits_of
from forensictransfer.report.figures.energies import Cloud, energy_panel
from forensictransfer.report.figures.forest import ForestRow, Mark, forest
from forensictransfer.report.figures.heat import OTHERS, SHADES, HeatMap, heat_table, ink_on, luminance, shade
from forensictransfer.report.figures.ranking import mean_roc, reliability, roc
from forensictransfer.report.figures.svg import Picture, Scale, polyline, ticks
from forensictransfer.report.names import counted, duration, listed, percent, points, short_names, span, wrapped
from forensictransfer.report.rendering import source
from forensictransfer.results.scores import Scored


def scored(scores: list[float], labels: list[int], probabilities: list[float] | None = None) -> Scored:
    n = len(scores)
    x = np.array(scores, np.float64)
    p = np.array(probabilities if probabilities else [0.5] * n, np.float64)
    return Scored(("",) * n, np.array(labels), ("",) * n, x, p, np.stack([1 - x / 2, 1 + x / 2], axis=1))


def test_roc_by_hand() -> None:
    """Scores 4 (fake), 3 (real), 2 (real and fake, one step), 1 (real)."""
    fpr, tpr = roc(scored([1, 2, 3, 4, 2], [0, 0, 0, 1, 1]))
    np.testing.assert_allclose(fpr, [0, 0, 1 / 3, 2 / 3, 1])
    np.testing.assert_allclose(tpr, [0, 0.5, 0.5, 1, 1])


def test_the_mean_roc_is_the_mean_of_the_rates() -> None:
    perfect, reverse = scored([0, 1], [0, 1]), scored([1, 0], [0, 1])
    fpr, tpr = mean_roc([perfect, reverse])
    assert (fpr[0], tpr[0]) == (0, 0) and (fpr[-1], tpr[-1]) == (1, 1)
    np.testing.assert_allclose(tpr[1:-1], 0.5)


def test_reliability_by_hand() -> None:
    """Two at 0.1 and 0.14, one of them fake; three at 1, all fake; a bin without images has no point."""
    mean, share, counts = reliability(
        [scored([0, 0], [0, 1], [0.1, 0.14]), scored([0, 0, 0], [1, 1, 1], [1.0, 1.0, 1.0])]
    )
    np.testing.assert_allclose(mean, [0.12, 1.0])
    np.testing.assert_allclose(share, [0.5, 1.0])
    np.testing.assert_allclose(counts, [2, 3])


def test_a_line_of_decision_needs_a_score_of_energies() -> None:
    images = scored([-1.0, 0.5, 2.0], [0, 1, 1])
    assert Cloud(images, 0.0).by_energies
    other = Scored(images.names, images.labels, images.groups, images.scores**2, images.probabilities, images.energies)
    assert not Cloud(other, 0.0).by_energies


def contrast(first: str, second: str) -> float:
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", SHADES)
def test_numbers_stand_out_from_the_colours_of_a_heat_map(colour: str) -> None:
    assert contrast(colour, ink_on(colour).replace("#fff", "#ffffff").replace("#000", "#000000")) >= 4.5


def test_colours_rise_from_chance_to_all_right() -> None:
    assert [shade(value) for value in (0.2, 0.5, 0.75, 1.0)] == [0, 0, 12, 25]
    assert list(map(luminance, SHADES)) == sorted(map(luminance, SHADES))


def test_luminance_of_white_black_and_red() -> None:
    assert luminance("#ffffff") == pytest.approx(1)
    assert luminance("#000000") == 0
    assert luminance("#ff0000") == pytest.approx(0.2126)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_lines_and_letters_stand_out_in_both_schemes(dark: bool) -> None:
    """Letters by 4.5 : 1 (WCAG AA), lines and marks by 3 : 1 (WCAG 1.4.11)."""
    light, _, rest = source("style.css").partition("@media (prefers-color-scheme: dark)")
    rules = rest[: rest.index("@media print")] if dark else light
    colours = {
        name: "#" + (value if len(value) == 6 else "".join(2 * c for c in value))
        for name, value in re.findall(r"--(\w+): #([0-9a-f]{3,6})[;\s]", rules)
    }
    paper = colours["paper"]
    for name in ("ink", "soft", "link", "alarm"):
        assert contrast(colours[name], paper) >= 4.5, name
    for name in ("ink", "soft", "link"):
        assert contrast(colours[name], colours["wash"]) >= 4.5, name
    for i in range(7):
        assert contrast(colours[f"c{i}"], paper) >= 3, i


def test_a_value_outside_of_an_axis_is_refused() -> None:
    scale = Scale(0.0, 10.0, 100.0, 0.0)
    assert (scale(0), scale(5), scale(10)) == (100, 50, 0)
    for value in (-0.1, 10.1):
        with pytest.raises(ValueError, match=r"expected a value from 0\.0 to 10\.0"):
            scale(value)
    with pytest.raises(ValueError, match="on this axis, got 106"):
        curve_panel({"head": [(1, Estimate(1.06, None, None))]}, ["head"], [0, 1], "a")


def test_limits_hold_every_point() -> None:
    """A strategy that gains 6.4 points on its own test lies on the chart of what is forgotten."""
    gain = [(10, Estimate(0.064, 0.052, 0.081))]
    limits = limits_of([gain, [(10, Estimate(-0.01, -0.02, 0.0))]], step=5.0, within=(-5.0, 5.0))
    assert limits == (-5.0, 10.0)
    drawn = curve_panel({"head": gain}, ["head"], [10], "change", limits=limits, line=0.0)
    assert "head: 6.4 at k = 10" in drawn.text and drawn.svg.count('class="dot s0"') == 1
    assert limits_of([[(0, Estimate(0.12, 0.08, 0.2))]]) == (0.0, 100.0)
    assert limits_of([]) == (40.0, 100.0)


def test_every_image_is_a_mark_unless_it_lies_on_another() -> None:
    n = 3000
    rng = np.random.default_rng(0)
    places = rng.permutation(np.arange(140))[:70]
    energies = np.stack([np.repeat(places, n // 70 + 1)[:n], np.zeros(n)], axis=1).astype(float)
    images = Scored(("",) * n, np.zeros(n, int), ("",) * n, np.zeros(n), np.zeros(n), energies)
    drawn = energy_panel(Cloud(images, None), None, ("before", "after"), "text")
    marks = re.search(r'class="dot cloud real" d="([^"]*)"', drawn.svg)
    assert marks is not None and marks[1].count("h0") == 70


def test_a_path_leaves_out_only_what_is_straight() -> None:
    assert polyline([(0, 0), (1, 0), (2, 0), (2, 3), (2, 5), (4, 6)]) == "M0 0H2V5L4 6"
    assert polyline([(0, 0), (2, 0), (1, 0)]) == "M0 0H2H1"
    assert polyline([(1.04, 2)]) == "M1 2h0" and polyline([]) == ""


def test_ticks_are_round() -> None:
    assert ticks(40, 100) == [40, 60, 80, 100]
    assert ticks(-5, 10) == [-5, 0, 5, 10]
    assert ticks(0, 1, 4) == [0, 0.5, 1]
    assert ticks(-0.013, 0.0284)[1] == pytest.approx(0)


def test_figures_tell_their_numbers_in_words() -> None:
    known, half, none = Estimate(0.75, 0.7, 0.8), Estimate(0.5, None, None), Estimate(None, None, None)
    curve = curve_panel({"head": [(0, half), (10, known), (50, none)]}, ["finetune", "head"], [0, 10, 50], "a → b")
    assert curve.text == ("a → b, balanced accuracy, %, by shots per class. head: 50.0 at k = 0, 75.0 at k = 10")
    worse = Estimate(0.31, 0.2, 0.42)
    shown = HeatMap(
        ["a", "b"],
        ["a", "b", "c"],
        {("a", "b"): known, ("b", "b"): half, ("b", "a"): none, ("b", "c"): worse},
        {("a", "c"): "failed"},
        {"a": "n = 9"},
        "zero-shot",
        {("a", "b"): "#run-1"},
        own=frozenset({("b", "b")}),
    )
    table = heat_table(shown)
    assert [(cell.text, cell.note, cell.look) for row in table.rows for cell in row.cells] == [
        ("–", "", "empty"),
        ("75.0", "70.0–80.0", "v12"),
        ("failed", "", "empty"),
        ("undefined", "", "empty"),
        ("50.0", "no interval", "v0 own"),
        ("31.0", "20.0–42.0 worse than chance", "v0 worse"),
    ]
    with_others = heat_table(replace(shown, others={"a": known}, links={(OTHERS, "a"): "#run-7"}))
    (row,) = (row for row in with_others.rows if row.name == OTHERS)
    assert [cell.text for cell in row.cells] == ["75.0", "–", "–"] and row.cells[0].link == "#run-7"
    assert table.rows[0].cells[1].link == "#run-1" and table.heads[0].note == "n = 9"
    rows = [ForestRow("k = 1", [Mark(known, 0), Mark(half, 1, hollow=True), Mark(none, 2)])]
    assert forest(rows, ["x", "y", "z"], "points", 0.0, "Rules").text == "Rules. k = 1: x 75.0, y 50.0"


def test_the_same_figure_has_the_same_bytes_and_its_size() -> None:
    def draw() -> Picture:
        return curve_panel({"head": [(0, Estimate(0.5, 0.4, 0.6))]}, ["head"], [0, 1], "$a$ → b_{1}")

    assert draw() == draw()
    root = ElementTree.fromstring(draw().svg)
    assert root.get("viewBox") == "0 0 344 220" and (draw().width, draw().height) == (344, 220)
    assert root.get("aria-label") == draw().text and "$a$ → b_{1}" in draw().text


def test_what_transfers() -> None:
    assert standing(Estimate(0.75, 0.51, 0.9)) == "transfers"
    assert standing(Estimate(0.749, 0.7, 0.8)) == "weak"
    assert standing(Estimate(0.9, 0.5, 1.0)) == "chance"
    assert standing(Estimate(0.4, 0.3, 0.5)) == "chance"
    assert standing(Estimate(0.4, 0.3, 0.499)) == "worse"
    assert standing(Estimate(0.9, None, None)) == standing(Estimate(None, None, None)) == standing(None) == "unknown"


def test_from_how_many_shots_on() -> None:
    good, weak = Estimate(0.8, 0.7, 0.9), Estimate(0.6, 0.55, 0.7)

    def found(*values: Estimate) -> int | None:
        point = transfers_from([Point(k, m, (0,), (0.5,), 1) for k, m in zip((0, 1, 5), values, strict=True)])
        return None if point is None else point.shots

    assert found(weak, good, good) == 1
    assert found(good, weak, good) == 5
    assert found(good, good, good) == 0
    assert found(good, good, weak) is None
    assert transfers_from([]) is None


def test_names() -> None:
    assert short_names(["set/a", "set/b"]) == ({"set/a": "a", "set/b": "b"}, "set")
    assert short_names(["set/a", "b"]) == ({"set/a": "set/a", "b": "b"}, "")
    assert wrapped("ciplab_photoshop_faces", 13) == "ciplab_\nphotoshop_\nfaces"
    assert wrapped("a_b", 13) == "a_b" and wrapped("", 5) == "" and wrapped("x" * 12, 5) == "xxxxx\nxxxxx\nxx"


def test_numbers_in_words() -> None:
    assert percent(Estimate(0.8437, 0.763, 0.91701)) == "84.4 % [76.3, 91.7]"
    assert percent(Estimate(0.5, None, None)) == "50.0 % [no interval]"
    assert percent(Estimate(None, None, None)) == "undefined" and percent(None) == "not measured"
    assert points(Estimate(-0.0004, -0.02, 0.0311)) == "+0.0 [-2.0, +3.1]"
    assert points(Estimate(0.031, None, None)) == "+3.1 [no interval]"
    assert (span([3]), span([9, 3, 9]), span([])) == ("3", "3 to 9", "0")
    assert (counted(1, "draw"), counted(5, "draw")) == ("1 draw", "5 draws")
    assert listed(["a", "b", "c"], 3) == "a, b and c" and listed(["a"], 3) == "a" and listed([], 3) == ""
    assert listed(["a", "b", "c", "d"], 3) == "a, b and 2 more"
    assert [duration(s) for s in (2.5, 59.6, 100, 7200)] == ["2.5 s", "60 s", "1.7 min", "2.0 h"]
