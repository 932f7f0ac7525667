"""The figures of a sweep's page and what they are drawn from: numbers by hand, colours, words."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.analysis.series import Point
from forensictransfer.report.analysis.transfer import standing, transfers_from
from forensictransfer.report.figures.canvas import Picture
from forensictransfer.report.figures.curves import curve_panel
from forensictransfer.report.figures.energies import Cloud
from forensictransfer.report.figures.forest import ForestRow, Mark, forest
from forensictransfer.report.figures.heat import HeatMap, heat_map, ink_on, luminance
from forensictransfer.report.figures.ranking import mean_roc, reliability, roc
from forensictransfer.report.names import counted, duration, listed, percent, points, short_names, span, wrapped
from forensictransfer.results.predictions import Scored


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


@pytest.mark.parametrize("value", np.linspace(0, 1, 21))
def test_numbers_stand_out_from_the_colours_of_a_heat_map(value: float) -> None:
    found = luminance(matplotlib.colormaps["cividis"](value))
    ink = 1.0 if ink_on(matplotlib.colormaps["cividis"](value)) == "white" else 0.0
    assert (max(found, ink) + 0.05) / (min(found, ink) + 0.05) >= 4.5


def test_luminance_of_white_black_and_red() -> None:
    assert luminance((1, 1, 1)) == pytest.approx(1)
    assert luminance((0, 0, 0)) == 0
    assert luminance((1, 0, 0)) == pytest.approx(0.2126)


def test_figures_tell_their_numbers_in_words() -> None:
    known, half, none = Estimate(0.75, 0.7, 0.8), Estimate(0.5, None, None), Estimate(None, None, None)
    curve = curve_panel({"head": [(0, half), (10, known), (50, none)]}, ["finetune", "head"], [0, 10, 50], "a → b")
    assert curve.text == ("a → b, balanced accuracy, %, by shots per class. head: 50.0 at k = 0, 75.0 at k = 10")
    shown = HeatMap(
        ["a", "b"], ["a", "b"], {("a", "b"): known, ("b", "b"): half, ("b", "a"): none}, {}, {}, "zero-shot"
    )
    assert heat_map(shown).text.endswith("a: b 75.0; b: b 50.0")
    rows = [ForestRow("k = 1", [Mark(known, 0), Mark(half, 1, hollow=True), Mark(none, 2)])]
    assert forest(rows, ["x", "y", "z"], "points", 0.0, "Rules").text == "Rules. k = 1: x 75.0, y 50.0"


def test_the_same_figure_has_the_same_bytes_and_its_size() -> None:
    def draw() -> Picture:
        return curve_panel({"head": [(0, Estimate(0.5, 0.4, 0.6))]}, ["head"], [0, 1], "$a$ → b_{1}")

    assert draw() == draw()
    assert draw().uri.startswith("data:image/svg+xml;base64,")
    assert (draw().width, draw().height) == (344, 260)


def test_what_transfers() -> None:
    assert standing(Estimate(0.75, 0.51, 0.9)) == "transfers"
    assert standing(Estimate(0.749, 0.7, 0.8)) == "weak"
    assert standing(Estimate(0.9, 0.5, 1.0)) == "chance"
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
