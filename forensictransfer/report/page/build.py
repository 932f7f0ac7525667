"""Build a sweep's page: one HTML file with everything in it, what a paper's appendix would show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from markupsafe import Markup

from forensictransfer.core.progress import progress_bar
from forensictransfer.report.analysis.view import View
from forensictransfer.report.figures.heat import style_of_shades
from forensictransfer.report.page.elements import Section
from forensictransfer.report.page.links import Links
from forensictransfer.report.page.sections.accuracy import curves_section, heat_section
from forensictransfer.report.page.sections.adaptation import forgetting_section, rules_section
from forensictransfer.report.page.sections.audits import audits_section
from forensictransfer.report.page.sections.comparison import significance_section, tuning_section
from forensictransfer.report.page.sections.detectors import detectors_section
from forensictransfer.report.page.sections.evidence import energies_section, ranking_section
from forensictransfer.report.page.sections.lead import lead, title
from forensictransfer.report.page.sections.leave_one_out import leave_one_out_section
from forensictransfer.report.page.sections.localisation import localisation_section
from forensictransfer.report.page.sections.overview import facts_section, words_section
from forensictransfer.report.page.sections.pictures import pictures_section
from forensictransfer.report.page.sections.ranking import ranked_section
from forensictransfer.report.page.sections.record import (
    cost_section,
    numbers_section,
    reproduce_section,
    settings_section,
)
from forensictransfer.report.rendering import render, source
from forensictransfer.report.tables.csv_files import TableFiles


def render_page(view: View, out: Path, files: TableFiles) -> str:
    """Render the page of a sweep as HTML; a section that has nothing to show is left out.

    out: the folder that it will lie in, which its links to runs depend on. files: gets the CSV files that the page
    links to, which are to be written beside it. Raises UserError for a file of the sweep that is missing or incomplete.
    """
    links = Links(view, out)
    makers: tuple[Callable[[], Section | None], ...] = (
        lambda: words_section(view),
        lambda: audits_section(view, files),
        lambda: heat_section(view, links, files),
        lambda: curves_section(view, files),
        lambda: leave_one_out_section(view, links, files),
        lambda: ranked_section(view, links, files),
        lambda: detectors_section(view, files),
        lambda: localisation_section(view, links, files),
        lambda: pictures_section(view),
        lambda: energies_section(view),
        lambda: ranking_section(view),
        lambda: forgetting_section(view, links, files),
        lambda: rules_section(view, files),
        lambda: significance_section(view, files),
        lambda: tuning_section(view, files),
        lambda: facts_section(view, files),
        lambda: cost_section(view, files),
        lambda: settings_section(view),
        lambda: numbers_section(view, links, files),
        lambda: reproduce_section(view, links, files),
    )
    made = [section for maker in progress_bar(makers, desc="drawing", unit="section") if (section := maker())]
    style = Markup("\n").join((source("style.css"), Markup(style_of_shades())))
    return render(
        "page.html",
        title=title(view),
        opening=lead(view, links),
        sections=made,
        style=style,
        script=source("script.js"),
    )
