"""The attributes that can be learned from photographs: EXIF entries that some of them have and others contradict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from forensictransfer.detectors.networks.exif_consistency.network import UNKNOWN

MOST = 40  # attributes
FEWEST = 4  # photographs that have a value, of each of two values at least
_LONGEST = 60  # characters of a value
# Entries that say when and where, number the copy, or describe the file: no trace of them is in the pixels.
_LEFT_OUT = (
    *("Date", "Time", "GPS", "Serial", "Unique", "Description", "Comment", "Artist", "Copyright", "Owner", "Title"),
    *(
        "Offset",
        "IFD",
        "Interop",
        "MakerNote",
        "tag ",
        "ImageNumber",
        "Thumbnail",
        "Subject",
        "RatingPercent",
        "HostComputer",
    ),
)
_TIMES = ("ExposureTime",)  # that are values of the camera


def told(exif: Mapping[str, Any]) -> dict[str, str]:
    """Write the EXIF entries of a photograph that a camera or program sets, as texts by name; without the others."""
    found = {}
    for name, value in exif.items():
        if name not in _TIMES and any(part in name for part in _LEFT_OUT):
            continue
        if isinstance(value, bytes):
            continue
        text = " ".join(str(value).replace("\0", " ").split())
        if text and len(text) <= _LONGEST:
            found[name] = text
    return found


def learnable(photographs: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """Name the attributes that two values of occur in FEWEST photographs or more, those told most often first."""
    by_name: dict[str, Counter[str]] = {}
    for one in photographs:
        for name, value in one.items():
            by_name.setdefault(name, Counter())[value] += 1
    enough = {
        name: sum(values.values())
        for name, values in by_name.items()
        if sum(number >= FEWEST for number in values.values()) >= 2
    }
    return tuple(sorted(enough, key=lambda name: (-enough[name], name))[:MOST])


def codes(photographs: Sequence[Mapping[str, str]], attributes: Sequence[str]) -> np.ndarray:
    """Give numbers to the values of each attribute: int32 (n, a), UNKNOWN where a photograph does not tell."""
    found = np.full((len(photographs), len(attributes)), UNKNOWN, np.int32)
    for column, name in enumerate(attributes):
        numbers: dict[str, int] = {}
        for row, one in enumerate(photographs):
            if name in one:
                found[row, column] = numbers.setdefault(one[name], len(numbers))
    return found
