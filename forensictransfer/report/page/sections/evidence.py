"""What lies behind the accuracies: energies of single images, ROC, reliability, and pictures of the surest verdicts."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from forensictransfer.report.analysis.series import Pair
from forensictransfer.report.analysis.view import METRIC, View, basis, brief
from forensictransfer.report.figures.energies import Cloud, energy_key, energy_panel
from forensictransfer.report.figures.ranking import Ranked, ranking_key, ranking_panel
from forensictransfer.report.names import arrow, percent
from forensictransfer.report.page.elements import Section, figure, legend, lines, paragraph
from forensictransfer.report.page.sections.layout import by_detector, small_multiples
from forensictransfer.report.tables.sheets import shown
from forensictransfer.results.cells import Cell


def energies_section(view: View) -> Section:
    """Draw a_0 against a_1 of the test images of each pair, before and after adaptation."""
    after = f"adapted by {view.main} at the largest k measured" if view.main else "there is none in this sweep"
    parts = [
        paragraph(
            "Every test image of the target by the mean activation of the two halves of the latent, one taught to "
            "answer to real images (a₀) and one to fakes (a₁). Before: the source's network, zero-shot. After: "
            f"{after}; its first draw is shown{_seed(view)}. Fake is called above the solid line a₁ = a₀ + t, where "
            "the score is a₁ − a₀; strategies that score by other features, and runs that add what an image's tiles "
            "differ by, have no such line."
        ),
        by_detector(view, lambda name: small_multiples(view, _energies(view, name), legend(energy_key()))),
    ]
    return Section("energies", "Energies before and after adaptation", lines(*parts))


def ranking_section(view: View) -> Section:
    """Draw ROC and reliability of each pair, before and after."""
    parts = [
        paragraph(
            "Left: ROC, dashed before adaptation (zero-shot) and solid after it; thin lines are single draws, "
            "the thick one their mean. Right: how often images are fake that are called fake with some probability; on "
            "the dotted line they can be taken at their word. The area of a mark is the share of verdicts in its "
            "bin, draws pooled. AUC and ECE (expected calibration error, ten bins) are means over draws with 95 % "
            f"intervals{_seed(view)}. ECE falls with the number of images by itself: compare it at equal n only."
        ),
        by_detector(view, lambda name: small_multiples(view, _rankings(view, name), legend(ranking_key()))),
    ]
    return Section("roc", "ROC and reliability", lines(*parts))


def _seed(view: View) -> str:
    return f" (seed {view.results.seeds[0]})" if len(view.results.seeds) > 1 else ""


def _both(view: View, detector: str, pair: Pair) -> tuple[Cell | None, Cell | None]:
    """Find the zero-shot test of a pair, and that at the largest k; the first seed of each."""
    before: Sequence[Cell] = view.cells(detector, "", *pair, 0)
    return next(iter(before), None), next(iter(view.last(detector, *pair)), None)


def _energies(view: View, detector: str) -> list[tuple[Pair, Markup]]:
    panels = []
    for pair in view.pairs:
        cells = _both(view, detector, pair)
        if cells == (None, None):
            continue
        before, after = (None if cell is None else _cloud(view, cell) for cell in cells)
        name = arrow(*map(view.name, pair))
        titles = ("before, k = 0", _title(cells[1]))
        drawn = energy_panel(before, after, titles, f"Energies of test images, {name}, {titles[0]} and {titles[1]}")
        panels.append((pair, figure(drawn, _told(cells), title=name)))
    return panels


def _rankings(view: View, detector: str) -> list[tuple[Pair, Markup]]:
    panels = []
    for pair in view.pairs:
        cells = _both(view, detector, pair)
        if cells == (None, None):
            continue
        name = arrow(*map(view.name, pair))
        texts = [_ranks(cell) for cell in cells]
        before, after = (None if c is None else Ranked(list(view.files.test(c).values()), _ranks(c)) for c in cells)
        panels.append((pair, figure(ranking_panel(before, after, name), " ".join(filter(None, texts)), title=name)))
    return panels


def _title(cell: Cell | None) -> str:
    return "after" if cell is None else f"after, {cell.strategy}, k = {cell.shots}"


def _cloud(view: View, cell: Cell) -> Cloud:
    first = view.results.draws[cell.run, cell.on][0]
    return Cloud(view.files.test(cell)[first.draw], first.threshold)


def _ranks(cell: Cell | None) -> str:
    if cell is None:
        return ""
    when = f"After ({cell.strategy}, k = {cell.shots})" if cell.adapted_to is not None else "Before"
    auc, ece = (shown(cell.metrics.get(name), name) for name in ("auc", "ece"))
    return f"{when}: AUC {auc}, ECE {ece}, {brief([cell])}."


def _told(cells: tuple[Cell | None, Cell | None]) -> str:
    """Write the accuracies of both, and what they rest on."""
    before, after = cells
    parts = []
    if before is not None:
        parts.append(f"Before {percent(before.metrics.get(METRIC))}")
    if after is not None:
        parts.append(f"{'after' if parts else 'After'} {percent(after.metrics.get(METRIC))}")
    return f"{', '.join(parts)}; {basis([c for c in (after or before,) if c is not None])}."
