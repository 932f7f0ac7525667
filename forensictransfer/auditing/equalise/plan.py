"""The size and the quality that suit both classes of a domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from forensictransfer.auditing.traces.scan import Scan
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.data.encoded import opened

FINEST = 95  # quality where neither class has been a JPEG
KEPT = (0.98, 0.95, 0.9, 0.8, 0.5)  # share of either class that must be large enough, tried in this order
SMALLEST = 32  # pixels: no crop is smaller
SUBSAMPLING = "4:2:0"


@dataclass(frozen=True)
class Plan:
    """The form that all images get. left_out: names of readable images that are too small, by class.

    tables: quantisation tables of an encoder whose tables are none of the standard ones; they go before the quality.
    """

    width: int
    height: int
    quality: int
    left_out: tuple[tuple[str, ...], tuple[str, ...]]
    tables: tuple[tuple[int, ...], ...] | None = None

    @property
    def encoding(self) -> dict[str, Any]:
        """The options of PIL's JPEG writer."""
        if self.tables is not None:
            return {"qtables": [list(table) for table in self.tables], "subsampling": SUBSAMPLING}
        return {"quality": self.quality, "subsampling": SUBSAMPLING}


def plan(seen: Scan) -> Plan:
    """Choose the size and the quality that suit both classes.

    The size is the largest area, sides a multiple of 8, that KEPT of either class are large enough for. The quality is
    the commonest one of the class that was compressed harder, with the very tables: saved once more on the same grid
    with the same tables, a JPEG hardly changes, so that both classes look compressed once. A lower quality would leave
    the marks of two compressions in one class (docs/audit.md has the measurement). Raises UserError where no size of
    SMALLEST pixels or more suits half of either class.
    """
    heights, widths = seen.sizes[:, 0], seen.sizes[:, 1]  # decoded, upright: what a header says is another matter
    width, height = _common_size(widths, heights, seen.labels)
    small = (widths < width) | (heights < height)
    left_out = [
        tuple(seen.records[row].name for row in np.flatnonzero(small & (seen.labels == label))) for label in (0, 1)
    ]
    quality, tables = _hardest(seen, ~small)
    return Plan(width, height, quality, (left_out[0], left_out[1]), tables)


def _hardest(seen: Scan, rows: np.ndarray) -> tuple[int, tuple[tuple[int, ...], ...] | None]:
    """Find the quality of the class that is compressed harder, and its tables if no quality has these."""
    tables, qualities = seen.columns["quantisation tables"], seen.columns["JPEG quality"]
    found = []
    for label in (0, 1):
        of_class = np.flatnonzero(rows & (seen.labels == label) & ~np.isnan(tables))
        if of_class.size:
            codes, counts = np.unique(tables[of_class], return_counts=True)
            first = int(of_class[np.flatnonzero(tables[of_class] == codes[counts.argmax()])[0]])
            found.append((int(qualities[first]), first))
    if not found:
        return FINEST, None
    quality, row = min(found)
    if "about" not in str(seen.value("quantisation tables", row)):
        return quality, None
    with opened(seen.records[row].source) as image:
        kept = image.quantization  # type: ignore[attr-defined]
        return quality, tuple(tuple(int(step) for step in kept[number]) for number in sorted(kept))


def _common_size(widths: np.ndarray, heights: np.ndarray, labels: np.ndarray) -> tuple[int, int]:
    """Find (width, height) of the largest crop that enough of either class hold."""
    columns, rows = (_steps(sides) for sides in (widths, heights))
    for share in KEPT:
        best = (0, 0)
        for width in columns:
            for height in rows:
                if width * height <= best[0] * best[1]:
                    continue
                fits = (widths >= width) & (heights >= height)
                if all(fits[labels == label].mean() >= share for label in (0, 1)):
                    best = (width, height)
        if best[0]:
            return best
    raise UserError(
        f"--equalise: expected a size of {SMALLEST} x {SMALLEST} pixels or more that half of the reals and half of the "
        f"fakes are large enough for, found none (medians {np.median(widths):.0f} x {np.median(heights):.0f})",
        code=ErrorCode.TOO_FEW_IMAGES,
    )


def _steps(sides: np.ndarray) -> list[int]:
    """List the sides that are worth trying, multiples of 8, at most some 60, falling."""
    multiples = np.unique(sides.astype(int) // 8 * 8)
    multiples = multiples[multiples >= SMALLEST]
    if len(multiples) > 60:
        multiples = np.unique(np.quantile(multiples, np.linspace(0, 1, 60)).astype(int) // 8 * 8)
    return [int(side) for side in multiples[::-1]]
