"""Keep with a run what its images look like: familiarity.npz of a training, and of each draw of an adaptation."""

from __future__ import annotations

import numpy as np

from forensictransfer.evaluation.familiarity import Directions, Familiarity
from forensictransfer.results.runs import RunFolder

_NAME = "familiarity.npz"


def write_familiarity(run: RunFolder, known: Familiarity | None, draw: int | None = None) -> None:
    """Write what a training knows, or a draw of an adaptation; nothing where that is nothing."""
    if known is None:
        return
    parts = known.directions
    run.write_npz(
        _place(draw),
        units=parts.units,
        axes=parts.axes,
        variances=parts.variances,
        rest=np.array(parts.rest),
        means=known.means,
        distances=known.distances,
    )


def read_familiarity(run: RunFolder, draw: int) -> Familiarity | None:
    """Read what a draw of a run knows; None where it was not kept, as by earlier versions."""
    path = run.path / _place(draw if run.kind == "adapt" else None)
    if not path.is_file():
        return None
    with np.load(path) as kept:
        directions = Directions(kept["units"], kept["axes"], kept["variances"], float(kept["rest"]))
        return Familiarity(directions, kept["means"], kept["distances"])


def _place(draw: int | None) -> str:
    return _NAME if draw is None else f"draws/{draw}/{_NAME}"
