"""What adaptation costs and gains: forgetting, threshold rules, strategies against each other, tuning."""

from __future__ import annotations

from collections.abc import Sequence

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.analysis.series import OVER_PAIRS
from forensictransfer.report.analysis.significance import Comparison, gains
from forensictransfer.report.analysis.threshold_rules import ORACLE_NOTE, RULES
from forensictransfer.report.analysis.view import View
from forensictransfer.report.figures.curves import curve_panel, legend
from forensictransfer.report.figures.forest import ForestRow, Mark, forest
from forensictransfer.report.names import counted, listed, p_value, points
from forensictransfer.report.page.html import Markup, Section, bullets, figure, fold, image, lines, paragraph, table
from forensictransfer.report.tables.sheets import forgetting as forgetting_cells
from forensictransfer.report.tables.sweep import (
    TUNED,
    compared_sheet,
    forgetting_rows,
    forgetting_sheet,
    outcome,
    rules_sheet,
    tuning_sheet,
    within_sheet,
)


def forgetting_section(view: View) -> Section:
    """What adaptation to a target takes from the source's own test."""
    sheet = forgetting_sheet(view)
    if sheet is None:
        text = "Nothing was adapted, or no adapted run was tested on its source: there is no forgetting to measure."
        return Section("forgetting", "Forgetting", paragraph(text))
    rows = forgetting_rows(view)
    parts: list[str] = [
        paragraph(
            "Each adapted detector is tested on its source again; the change against the same test before adaptation, "
            "threshold and all, is what it has forgotten. Below 0: forgotten. After adaptation the test lacks images "
            "that share a photograph with the shots, so it may hold a few images fewer."
        )
    ]
    lows = [100 * (r.change.low if r.change.low is not None else r.change.value or 0) for r in rows]
    for detector in view.results.detectors:
        curves: dict[str, list[tuple[int, Estimate]]] = {}
        for row in rows:
            if row.detector == detector:
                curves.setdefault(row.strategy, []).append((row.shots, row.change))
        if curves:
            drawn = curve_panel(
                curves,
                view.strategies,
                [k for k in view.results.shots if k],
                f"{detector}: change on the own test, mean over pairs",
                limits=(min(-5.0, 5 * (min(lows) // 5)), 5.0),
                line=0.0,
                large=True,
                label="change of balanced accuracy, points",
            )
            key = image(legend(list(curves), view.strategies, extras=False))
            draws = counted(int(view.results.info["draws"]), "draw")
            parts += [
                key,
                figure(drawn, f"Mean over up to {counted(len(view.pairs), 'pair')}, {draws} each. {OVER_PAIRS}."),
            ]
    parts.append(table(sheet, f"{OVER_PAIRS}."))
    cells = forgetting_cells(view.short_cells)
    if cells is not None:
        parts.append(
            fold(
                f"Before and after, {counted(len(cells.rows), 'run')}",
                table(cells, "Runs are numbered as under “All runs”."),
            )
        )
    return Section("forgetting", "Forgetting", lines(*parts))


def rules_section(view: View) -> Section:
    """The same scores under each threshold rule."""
    found = view.rules
    sheet = rules_sheet(view, found)
    if sheet is None:
        text = "The scores that threshold rules would see (shots, validation split) were not recorded in this sweep."
        return Section("rules", "Threshold rules", paragraph(text))
    parts: list[str] = [
        paragraph(
            "The same scores with another threshold. zero: a₁ = a₀, as in the paper; balanced: the best on the "
            "labelled images; midpoint: between their class means. Without shots a rule sees the source's validation "
            "split, else the shots of its draw, after adaptation to them."
        ),
        paragraph(f"{ORACLE_NOTE[0].upper()}{ORACLE_NOTE[1:]}", kind="warning"),
    ]
    for detector in view.results.detectors:
        rows = []
        for strategy, shots in dict.fromkeys((r.strategy, r.shots) for r in found if r.detector == detector):
            if shots and strategy != view.main:
                continue
            same = [r for r in found if (r.detector, r.strategy, r.shots) == (detector, strategy, shots)]
            marks = [Mark(r.measured, RULES.index(r.rule), hollow=r.rule == RULES[-1]) for r in same]
            rows.append(ForestRow(f"{strategy}\nk = {shots}", marks))
        if rows:
            names = [f"{name} (looks at the test)" if name == RULES[-1] else name for name in RULES]
            drawn = forest(rows, names, "balanced accuracy, %", 0.5, f"{detector}: threshold rules")
            draws = counted(int(view.results.info["draws"]), "draw")
            parts.append(
                figure(drawn, f"{detector}: mean over pairs, {draws} each where there are shots. {OVER_PAIRS}.")
            )
    parts.append(table(sheet, f"{OVER_PAIRS}. (used): the rule that the sweep's own numbers were made with."))
    return Section("rules", "Threshold rules", lines(*parts))


def significance_section(view: View) -> Section:
    """Which strategies differ by more than chance, in words and numbers."""
    pairs, within = view.over_pairs, view.within_cells
    title = "Do the strategies differ?"
    if not pairs and not within:
        text = "There are no two strategies with results to compare."
        return Section("significance", title, paragraph(text))
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
        table(sheet) if sheet else "",
        _within_words(within, tested, clear),
        table(shown, "Paired t over draws; those that stay below 0.05 after Holm. All of them: tables.csv.")
        if shown
        else "",
    ]
    return Section("significance", title, lines(*parts))


def tuning_section(view: View) -> Section:
    """What tuning within the shots gained over the untuned strategies, and its cost."""
    if TUNED not in view.results.strategies:
        text = "No strategy was tuned in this sweep (forensictransfer sweep --trials N adds it)."
        return Section("tuning", "Tuning", paragraph(text))
    found = gains(view.over_pairs, TUNED)
    sheet = tuning_sheet(view, found)
    if sheet is None:
        text = "There is no result of both the tuned and an untuned strategy yet, so no gain can be told."
        return Section("tuning", "Tuning", paragraph(text))
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
        table(
            sheet,
            "Gain: mean over pairs, bootstrap over pairs. Seconds: wall clock of a job with all its draws and tests.",
        ),
    ]
    return Section("tuning", "Tuning: its gain and its cost", lines(*parts))


def _in_words(pairs: Sequence[Comparison]) -> list[str]:
    """At each number of shots, which strategies stand before which."""
    sentences = []
    for detector, shots in dict.fromkeys((c.detector, c.shots) for c in pairs):
        found = [c for c in pairs if (c.detector, c.shots) == (detector, shots)]
        clear = [c for c in found if c.significant]
        start = f"{detector}, k = {shots}: "
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
    """Differences from the strategy that is shown in depth, filled where they stand after correction."""
    found = gains([c for c in pairs if c.detector == detector], view.main or "")
    if not found:
        return Markup("")
    rows = [
        ForestRow(f"{c.first} − {c.second}\nk = {c.shots}", [Mark(c.difference, 0, not c.significant)]) for c in found
    ]
    drawn = forest(
        rows, ["difference"], "difference of balanced accuracy, points", 0.0, f"{detector}: {view.main} against others"
    )
    draws = counted(int(view.results.info["draws"]), "draw")
    return figure(drawn, f"{detector}: mean over pairs, {draws} each. {OVER_PAIRS}. Filled marks: p < 0.05 after Holm.")
