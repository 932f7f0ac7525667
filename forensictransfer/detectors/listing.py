"""The registered detectors with their size and what they cost, as facts and as a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from forensictransfer.core.tables import TextTable
from forensictransfer.detectors.cost import cost_of
from forensictransfer.detectors.registry import Trains
from forensictransfer.detectors.registry import detectors as registered

LEARNS: dict[Trains, str] = {"gradient": "gradient", "fit": "one fit", "photographs": "photographs", "none": "nothing"}
HEAD = ("detector", "parameters", "million", "trained by", "what it looks at")


@dataclass(frozen=True)
class DetectorFacts:
    """One registered detector. crop: side of the crops that the numbers hold for; None: it is no network.

    needs_preset: whether its network is a preset of the user's own, so that there are no numbers either.
    """

    name: str
    about: str
    trains: Trains
    crop: int | None
    parameters: int | None
    multiply_adds: int | None
    needs_preset: bool = False


def detector_facts(crop: int) -> list[DetectorFacts]:
    """List every detector with its cost for crops of `crop` pixels, or the smallest that it takes.

    TensorFlow is loaded for another crop than the default, and for detectors of other packages.
    """
    found = []
    for name, entry in registered().items():
        cost = cost_of(name, crop)
        found.append(
            DetectorFacts(
                name,
                entry.about,
                entry.trains,
                crop=None if cost is None else cost.crop,
                parameters=None if cost is None else cost.parameters,
                multiply_adds=None if cost is None else cost.multiply_adds,
                needs_preset=entry.needs_preset,
            )
        )
    return found


def listing(detectors: Iterable[DetectorFacts], crop: int) -> TextTable:
    """Write a row for each detector, for crops of `crop` pixels."""
    return TextTable(
        HEAD,
        tuple(_row(facts, crop) for facts in detectors),
        "lrrll",
        ruled=True,
        notes=(
            f"million: multiply-adds to score a crop of {crop} pixels; @: one of so many, the smallest that it takes.",
            "one fit: fitted to the source at once, in seconds; not adapted by finetune and tuned (by gradients).",
            "photographs: trained on photographs by camera alone, train --photos; adapted as those of one fit.",
            "docs/detectors.md tells more of each; configs/NAME.yaml has settings.",
        ),
    )


def _row(facts: DetectorFacts, crop: int) -> tuple[str, ...]:
    size = "-" if facts.multiply_adds is None else f"{facts.multiply_adds / 1e6:,.1f}"
    size += f" @{facts.crop}" if facts.crop not in (crop, None) else ""
    parameters = "-" if facts.parameters is None else f"{facts.parameters:,}"
    return (facts.name, parameters, size, LEARNS[facts.trains], facts.about)
