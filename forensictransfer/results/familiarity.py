"""Keep with a run what its images look like, and read it again.

familiarity.npz           the directions in which features vary; of a training also its classes and distances
draws/<i>/familiarity.npz classes and distances of a draw of an adaptation
"""

from __future__ import annotations

import numpy as np

from forensictransfer.evaluation.familiarity import Directions, Familiarity
from forensictransfer.results.runs import RunFolder

_NAME = "familiarity.npz"


def write_familiarity(run: RunFolder, known: Familiarity | None, draw: int | None = None) -> None:
    """Write what a training knows, or a draw of an adaptation; nothing where that is nothing.

    The directions, which all draws of a run have in common, are written once.
    """
    if known is None:
        return
    parts = known.directions
    directions: dict[str, np.ndarray] = {
        "units": parts.units,
        "axes": parts.axes,
        "variances": parts.variances,
        "rest": np.array(parts.rest),
    }
    classes: dict[str, np.ndarray] = {"means": known.means, "distances": known.distances}
    if draw is None:
        run.write_npz(_NAME, **directions, **classes)
        return
    if not (run.path / _NAME).is_file():
        run.write_npz(_NAME, **directions)
    run.write_npz(_of_draw(draw), **classes)


def read_familiarity(run: RunFolder, draw: int) -> Familiarity | None:
    """Read what a draw of a run knows; None where it was not kept, as by earlier versions."""
    place = run.path / (_of_draw(draw) if run.kind == "adapt" else _NAME)
    if not place.is_file() or not (run.path / _NAME).is_file():
        return None
    with np.load(run.path / _NAME) as shared, np.load(place) as own:
        directions = Directions(shared["units"], shared["axes"], shared["variances"], float(shared["rest"]))
        found = Familiarity(directions, own["means"], own["distances"])
    return found


def _of_draw(draw: int) -> str:
    return f"draws/{draw}/{_NAME}"
