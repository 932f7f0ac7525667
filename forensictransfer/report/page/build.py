"""A sweep's page: one HTML file with everything in it, what a paper's appendix would show."""

from __future__ import annotations

from collections.abc import Callable

from forensictransfer.core.progress import progress_bar
from forensictransfer.report.analysis.view import View
from forensictransfer.report.page.html import Section, document
from forensictransfer.report.page.sections.accuracy import curves_section, heat_section
from forensictransfer.report.page.sections.audits import audits_section
from forensictransfer.report.page.sections.comparison import (
    forgetting_section,
    rules_section,
    significance_section,
    tuning_section,
)
from forensictransfer.report.page.sections.detectors import detectors_section
from forensictransfer.report.page.sections.evidence import energies_section, ranking_section
from forensictransfer.report.page.sections.overview import facts_section, opening, title
from forensictransfer.report.page.sections.pictures import pictures_section
from forensictransfer.report.page.sections.record import (
    cost_section,
    numbers_section,
    reproduce_section,
    settings_section,
)


def render_page(view: View) -> str:
    """The page of a sweep as HTML. Raises UserError for a file of the sweep that is missing or torn."""
    makers: tuple[Callable[[], Section], ...] = (
        lambda: facts_section(view),
        lambda: audits_section(view),
        lambda: heat_section(view),
        lambda: curves_section(view),
        lambda: energies_section(view),
        lambda: ranking_section(view),
        lambda: forgetting_section(view),
        lambda: rules_section(view),
        lambda: pictures_section(view),
        lambda: detectors_section(view),
        lambda: significance_section(view),
        lambda: tuning_section(view),
        lambda: cost_section(view),
        lambda: settings_section(view),
        lambda: numbers_section(view),
        lambda: reproduce_section(view),
    )
    made = [maker() for maker in progress_bar(makers, desc="drawing", unit="section")]
    return document(title(view), opening(view), made)
