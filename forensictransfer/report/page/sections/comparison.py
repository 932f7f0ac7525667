"""Which strategies differ: over pairs of domains, within single cells, and tuning against the untuned ones."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from forensictransfer.report.analysis.series import OVER_PAIRS
from forensictransfer.report.analysis.significance import Comparison, gains
from forensictransfer.report.analysis.view import View
from forensictransfer.report.figures.forest import ForestRow, Mark, forest
from forensictransfer.report.names import counted, listed, p_value, points, span
from forensictransfer.report.page.elements import Section, bullets, figure, lines, link, long_table, paragraph
from forensictransfer.report.tables.csv_files import TableFiles
from forensictransfer.report.tables.sweep import TUNED, compared_sheet, outcome, tuning_sheet, within_sheet


def significance_section(view: View, files: TableFiles) -> Section | None:
    """Say which strategies differ by more than chance, in words and numbers."""
    pairs, within = view.over_pairs, view.within_cells
    title = "Do the strategies differ?"
    if not pairs and not within:
        return None
    sheet = compared_sheet(pairs)
    clear = [c for c in within if c.significant]
    tested = [c for c in within if c.p is not None]
    shown = within_sheet(view, clear)
    parts: list[str] = [
        paragraph(
            "Differences are paired: the same shots, test images and source networks for both strategies. Over pairs "
            "of domains: the mean over pairs, a permutation of signs for p, a bootstrap over pairs for the interval. "
            "All p values are two-sided and corrected by Holm over all comparisons of the table; below 0.05 a "
            "difference counts as shown. Pairs share sources and targets, which makes p too small as a statement about "
            "domains that were not measured."
        ),
        bullets(_in_words(pairs)),
        *(_differences(view, detector, pairs) for detector in view.results.detectors),
        long_table(sheet, csv=files.add("strategies", sheet)) if sheet else "",
        _within_words(within, tested, clear),
        long_table(
            shown,
            "Paired t over draws; those that stay below 0.05 after Holm. All of them: ",
            link("tables.csv", "tables.csv"),
            ".",
            csv=files.add("strategies_within", shown),
        )
        if shown
        else "",
    ]
    return Section("significance", title, lines(*parts))


def tuning_section(view: View, files: TableFiles) -> Section | None:
    """Say what tuning within the shots gained over the untuned strategies, and its cost."""
    found = gains(view.over_pairs, view.results.label(TUNED))
    sheet = tuning_sheet(view, found)
    if sheet is None:
        return None
    sentences = [
        f"{c.detector}, k = {c.shots}: {points(c.difference)} points over {c.second} ({counted(c.n, 'pair')}, "
        f"p after Holm {p_value(c.corrected)}; {outcome(c)})."
        for c in found
        if c.second == view.main
    ]
    parts = [
        paragraph(
            "Within each draw the tuned strategy searches its settings by cross-validation inside the shots; it sees "
            "no other image of the target. With one shot per class nothing can be held out, and it is the untuned one."
        ),
        bullets(sentences) if sentences else "",
        long_table(
            sheet,
            "Gain: mean over pairs, bootstrap over pairs. Seconds: wall clock of a job with all its draws and tests.",
            csv=files.add("tuning", sheet),
        ),
    ]
    return Section("tuning", "Tuning: its gain and its cost", lines(*parts))


def _in_words(pairs: Sequence[Comparison]) -> list[str]:
    """Say at each number of shots which strategies are better than which."""
    sentences = []
    for detector, shots in dict.fromkeys((c.detector, c.shots) for c in pairs):
        found = [c for c in pairs if (c.detector, c.shots) == (detector, shots)]
        clear = [c for c in found if c.significant]
        start = f"{detector}, k = {shots}: "
        if not any(c.tellable for c in found):
            n = span(c.n for c in found)
            sentences.append(
                f"{start}{n} pairs are too few to tell: after Holm p cannot fall below "
                f"{p_value(min(c.least for c in found))}, however large the differences."
            )
            continue
        if not clear:
            sentences.append(f"{start}no difference between strategies is shown ({counted(len(found), 'comparison')}).")
            continue
        texts = [f"{outcome(c)} than {c.second if outcome(c).startswith(c.first + ' ') else c.first}" for c in clear]
        rest = len(found) - len(clear)
        told = f"; the other {counted(rest, 'comparison')} show none" if rest else ""
        sentences.append(f"{start}{listed(texts, 20)}{told}.")
    return sentences


def _within_words(within: Sequence[Comparison], tested: Sequence[Comparison], clear: Sequence[Comparison]) -> Markup:
    if not tested:
        return paragraph("Within single cells nothing can be tested: there is but one draw of shots.", kind="note")
    return paragraph(
        f"Within single cells (same source, target, k and seed; paired over draws) {len(clear)} of "
        f"{counted(len(tested), 'comparison')} stand after Holm. With a handful of draws hardly any single cell can."
    )


def _differences(view: View, detector: str, pairs: Sequence[Comparison]) -> Markup:
    """Draw the differences from the strategy that is shown in depth, filled where they stand after correction."""
    found = gains([c for c in pairs if c.detector == detector], view.main or "")
    if not found:
        return Markup("")
    rows = [
        ForestRow(f"{c.first} − {c.second}\nk = {c.shots}", [Mark(c.difference, 0, not c.significant)]) for c in found
    ]
    drawn = forest(
        rows, ["difference"], "difference of balanced accuracy, points", 0.0, f"{detector}: {view.main} against others"
    )
    draws = counted(view.results.info.draws, "draw")
    return figure(drawn, f"{detector}: mean over pairs, {draws} each. {OVER_PAIRS}. Filled marks: p < 0.05 after Holm.")
