"""Where heat maps point: against the masks of the targets that have some."""

from __future__ import annotations

from forensictransfer.evaluation.localisation import LEVEL
from forensictransfer.report.analysis.view import View
from forensictransfer.report.page.elements import Section, lines, long_table, paragraph
from forensictransfer.report.page.links import Links
from forensictransfer.report.tables.csv_files import TableFiles
from forensictransfer.report.tables.localisation import localisation_cells, localisation_sheet


def localisation_section(view: View, links: Links, files: TableFiles) -> Section | None:
    """Show how well heat maps find what was changed; None where no map was compared with a mask."""
    cells = localisation_cells(view.whole.cells)
    if not cells:
        return None
    sheet = localisation_sheet(cells, view.name)
    runs = {(i, 4): links.run([cell]) for i, cell in enumerate(cells)}
    text = paragraph(
        "Heat maps of test images against the masks of what was changed, means over images and draws with 95 % "
        f"intervals. F1 above {LEVEL:g}: where the map, a probability, says fake; best F1: at each map's best level, "
        "which nobody knows without its mask. Middle: what a map reaches that knows nothing but how far a pixel is "
        f"from the middle of its image; a detector that does not beat it has found nothing. Area of reals: of pristine "
        f"images above {LEVEL:g}. The rows lead to their runs, whose localisation.csv has each image."
    )
    return Section(
        "where", "Where it was changed", lines(text, long_table(sheet, links=runs, csv=files.add("where", sheet)))
    )
