"""The first screen: three answers, the matrix before and after a few shots, and the curve between them."""

from __future__ import annotations

from markupsafe import Markup

from forensictransfer.report.analysis.series import OVER_PAIRS, average
from forensictransfer.report.analysis.summary import Answers, answers, few, strategy_at
from forensictransfer.report.analysis.view import METRIC, View
from forensictransfer.report.figures.curves import Curve, curve_key, curve_panel, limits_of
from forensictransfer.report.names import counted, listed
from forensictransfer.report.page.elements import Tab, figure, heat, legend, lines, paragraph, put, tabs
from forensictransfer.report.page.links import Links
from forensictransfer.report.page.sections.accuracy import heat_of, row_of_others
from forensictransfer.report.page.sections.audits import doubtful_domains
from forensictransfer.report.rendering import element, render
from forensictransfer.results.cells import AS_STORED
from forensictransfer.results.shots_only import NAME, NO_GAIN

_MEANING = (
    "Balanced accuracy in %, 95 % intervals. “Transfers”: at least 75 %, the whole interval above 50 %. Framed: "
    "the source's own test. A number leads to its run; all of them are in "
)
_NOT_APPLIED = "n/a: the detector has nothing to say of a class of the images. "
_NO_GAIN = f"{NO_GAIN}: not shown to beat its shots alone, so no transfer. "


def title(view: View) -> str:
    """Say in a line what the sweep measured, and what its images went through where they are not as stored."""
    results = view.results
    compressions = sorted({cell.compression for cell in view.whole.cells} - {AS_STORED})
    return (
        f"Cross-domain transfer of {listed(list(results.detectors), 4)}: "
        f"{counted(len(results.info.sources), 'source')}, {counted(len(results.targets), 'target')}"
        + (f", images after one more {' or '.join(compressions)}" if compressions else "")
    )


def lead(view: View, links: Links) -> Markup:
    """Answer the question of the sweep on one screen: answers, heat maps by detector, and the mean over pairs."""
    shots = few(view)
    found = answers(view, doubtful_domains(view))
    return render(
        "lead.html",
        answers=Answers(*(text.replace(" %", "\u00a0%") for text in (found.transfers, found.shots, found.distrust))),
        shots=shots,
        warning=_warning(view),
        maps=tabs("matrix-of", [Tab(d, _maps(view, d, shots, links)) for d in view.results.detectors]),
        curve=_curve(view) if view.strategies else "",
        meaning=put(
            _NO_GAIN * bool(view.results.shots_only),
            _NOT_APPLIED * bool(view.results.not_applied),
            _MEANING,
            element("link", "tables.csv", "tables.csv"),
            ".",
            row_of_others(view),
        ),
    )


def _warning(view: View) -> Markup:
    counts = view.results.counts
    if not counts["failed"] and not counts["missing"]:
        return Markup("")
    return paragraph(
        f"This sweep is incomplete: of {counted(counts['jobs'], 'job')} {counts['failed']} failed and "
        f"{counts['missing']} have not ended yet. All numbers rest on the {counts['done']} that are done.",
        kind="warning",
    )


def _maps(view: View, detector: str, shots: int | None, links: Links) -> Markup:
    maps = [heat(heat_of(view, detector, "", 0, links, counts=False), small=True)]
    strategy = strategy_at(view, detector, shots) if shots else None
    if shots and strategy:
        maps.append(heat(heat_of(view, detector, strategy, shots, links, counts=False), small=True))
    return element("side_by_side", maps)


def _curve(view: View) -> Markup:
    """Draw the means over pairs: by detector, each by one strategy; by strategy where there is one detector."""
    detectors, shots = view.results.detectors, few(view)
    curves: dict[str, Curve] = {}
    if len(detectors) == 1:
        names: tuple[str, ...] = view.strategies
        for strategy in names:
            curves[strategy] = _mean(view, detectors[0], strategy)
    else:
        names = detectors
        for detector in names:
            chosen = strategy_at(view, detector, shots or 0)
            if chosen is not None:
                curves[detector] = _mean(view, detector, chosen)
    alone = max((view.mean_alone(detector)[1] for detector in detectors), key=len, default=())
    if alone:
        names = (*names, NAME)
        curves[NAME] = [(row.shots, row.measured) for row in alone]
    heading = f"Mean over {counted(len(view.pairs), 'pair')} by shots"
    drawn = curve_panel(curves, names, view.results.shots, heading, limits=limits_of(curves.values()))
    key = legend(curve_key(list(curves), names, extras=False))
    return lines(figure(drawn, f"{OVER_PAIRS}.", title=heading), key)


def _mean(view: View, detector: str, strategy: str) -> Curve:
    return [(row.shots, row.measured) for row in average(view.results, detector, strategy, METRIC)]
