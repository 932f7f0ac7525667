"""What `forensictransfer detectors list` prints: every detector with its size and what it costs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from forensictransfer.detectors.arithmetic import arithmetic
from forensictransfer.detectors.loading import detector_class
from forensictransfer.detectors.registry import Entry, detectors
from forensictransfer.detectors.trainable import TrainableDetector

LEARNS = {"gradient": "gradient", "fit": "one fit", "none": "nothing"}
HEAD = ("detector", "parameters", "million", "trained by", "what it looks at")


def facts(name: str, crop: int) -> dict[str, Any]:
    """Parameters and multiply-adds of one crop of `crop` pixels (or the smallest that it takes), as plain numbers."""
    kind = detector_class(name)
    if not issubclass(kind, TrainableDetector):
        return {"crop": crop, "parameters": 0, "multiply_adds": None}
    detector = kind.create(max(crop, kind.smallest))
    return {
        "crop": detector.crop,
        "parameters": detector.model.count_params(),
        "multiply_adds": arithmetic(detector).encoder,
    }


def listing(crop: int) -> str:
    """A row for each detector, for crops of `crop` pixels."""
    rows = [_row(name, entry, facts(name, crop), crop) for name, entry in detectors().items()]
    widths = [max(map(len, column)) for column in zip(HEAD, *rows, strict=True)]
    lines = [_line(HEAD, widths), "-" * (sum(widths) + 2 * len(widths)), *(_line(row, widths) for row in rows)]
    lines += [
        "",
        f"million: multiply-adds to score one crop of {crop} pixels; @: one of so many, the smallest that it takes.",
        "one fit: fitted to the source at once, in seconds; not adapted by finetune and tuned, which take gradients.",
        "docs/detectors.md tells more of each; configs/NAME.yaml has settings.",
    ]
    return "\n".join(lines)


def _row(name: str, entry: Entry, found: dict[str, Any], crop: int) -> tuple[str, ...]:
    size = "-" if found["multiply_adds"] is None else f"{found['multiply_adds'] / 1e6:,.1f}"
    size += f" @{found['crop']}" if found["crop"] != crop else ""
    return (name, f"{found['parameters']:,}", size, LEARNS[entry.trains], entry.about)


def _line(cells: Iterable[str], widths: list[int]) -> str:
    numbers = (1, 2)
    padded = (
        cell.rjust(width) if place in numbers else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(padded).rstrip()
