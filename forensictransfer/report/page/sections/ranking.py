"""Which detector and strategy is best on each pair, and over all pairs: a ranking by the test itself."""

from __future__ import annotations

from forensictransfer.report.analysis.ranking import overall
from forensictransfer.report.analysis.view import View
from forensictransfer.report.page.elements import Section, lines, long_table, paragraph
from forensictransfer.report.page.links import Links
from forensictransfer.report.tables.csv_files import TableFiles
from forensictransfer.report.tables.ranking import best_sheet, overall_sheet


def ranked_section(view: View, links: Links, files: TableFiles) -> Section | None:
    """Rank all detectors and strategies against each other; None where there is one of each."""
    rows = overall(view)
    if not rows:
        return None
    ranks, best = overall_sheet(rows), best_sheet(view)
    text = paragraph(
        "All detectors and strategies against each other, ranked by the very test images (an oracle): this describes "
        "the sweep; nobody could have chosen by it, and with so many to choose from the highest number is too high. "
        "Where intervals overlap, the order may be luck."
    )
    found = {(i, j): links.run(cells) for (i, j), cells in best.behind.items()}
    body = lines(
        text,
        long_table(ranks, csv=files.add("ranks", ranks)),
        long_table(best.sheet, links=found, csv=files.add("best_of_each_pair", best.sheet)),
    )
    return Section("ranking", "Best detector and strategy of each pair", body)
