"""What heat maps are worth against masks, in lines of text."""

from __future__ import annotations

from collections.abc import Iterable

from forensictransfer.core.visible import visible
from forensictransfer.evaluation.localisation import FALSE_ALARM_AREA
from forensictransfer.results.formats.metrics import Metrics
from forensictransfer.results.numbers import accuracy, fraction

_MEASURES = {
    "pixel_auc": "AUC over pixels",
    "centre_auc": "  of a map that only knows the middle of an image",
    "pixel_f1": "F1 where the map is above 0.5",
    "pixel_f1_best": "F1 at each map's best level",
    "centre_f1_best": "  of a map that only knows the middle of an image",
    "pixel_mcc": "Matthews' correlation above 0.5",
}


def localisation_lines(evaluations: Iterable[Metrics]) -> list[str]:
    """Write, for evaluations that compared heat maps with masks, what they found; none where there are none."""
    lines = []
    for one in evaluations:
        if (found := one.localisation) is None:
            continue
        unused = f", {len(found.skipped)} masks cannot be used" if found.skipped else ""
        lines.append(f"Heat maps on {one.target} ({found.n.fake} fakes with a mask, {found.n.real} real{unused}):")
        lines += [
            f"  {text}: {fraction(found.metrics[name])}" for name, text in _MEASURES.items() if name in found.metrics
        ]
        if FALSE_ALARM_AREA in found.metrics:
            lines.append(f"  area of real images above 0.5: {accuracy(found.metrics[FALSE_ALARM_AREA])}")
        if found.flat:
            lines.append(
                f"  {found.flat} of {found.n.fake} maps of fakes have one value all over and say nothing of where, as "
                "for images no larger than a crop: train with a smaller data.crop"
            )
        lines += [f"  {name}: {reason}" for name, reason in found.skipped[:3]]
    return [visible(line) for line in lines]
