"""Masks as boxes, for words."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from forensictransfer.results.formats.inspection import Place

MOST_PLACES = 5  # boxes that are listed of a mask


def boxes_of(mask: np.ndarray) -> tuple[Place, ...]:
    """List the boxes of the connected parts of a mask, bool (h, w), the largest parts first."""
    labels, count = ndimage.label(mask, np.ones((3, 3), bool))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    boxes = ndimage.find_objects(labels)
    return tuple(
        Place(left=x.start, top=y.start, width=x.stop - x.start, height=y.stop - y.start)
        for y, x in (boxes[number] for number in np.argsort(-sizes, kind="stable")[:MOST_PLACES])
    )
