"""What sections do alike: a part for each detector, and small multiples, folded by source where they are many."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup

from forensictransfer.report.analysis.series import Pair
from forensictransfer.report.analysis.view import View
from forensictransfer.report.page.elements import fold, grid, heading, lines

UNFOLDED = 12  # panels that stand on the page without being folded away


def by_detector(view: View, part: Callable[[str], Markup]) -> Markup:
    """Put together a part for each detector, under its name if there are several."""
    detectors = view.results.detectors
    if len(detectors) == 1:
        return part(detectors[0])
    return lines(*(item for detector in detectors for item in (heading(f"Detector {detector}"), part(detector))))


def small_multiples(view: View, panels: Sequence[tuple[Pair, Markup]], key: Markup) -> Markup:
    """Lay out one panel for each pair below their key.

    Where there are many, those of each source are folded, with the key.
    """
    if len(panels) <= UNFOLDED:
        return lines(key, grid(panel for _, panel in panels))
    groups: dict[str, list[Markup]] = {}
    for (source, _), panel in panels:
        groups.setdefault(source, []).append(panel)
    parts = [
        fold(f"Trained on {view.name(source)}: {len(group)} targets", key, grid(group), unfolded=not number)
        for number, (source, group) in enumerate(groups.items())
    ]
    return lines(*parts)
