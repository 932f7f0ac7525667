"""What stands with a result: how far a detector would get that never looks at a pixel, and a warning if that is far.

Read from metrics.json, where `auditing.metadata_baseline` has put it; evaluations of earlier versions do not have it.
"""

from __future__ import annotations

from collections.abc import Iterable

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.results.formats.metrics import MetadataBaseline, Metrics
from forensictransfer.results.numbers import accuracy

# A domain is doubtful where metadata surely give away more than the size of a compressed picture tells by itself of
# smoother fakes, or where they probably give away much and are surely better than chance.
SURELY = 0.55
PROBABLY = 0.60
CHANCE = 0.50


def is_doubtful(found: Estimate | None) -> bool:
    """Say whether metadata alone tell the classes of a domain apart: the one rule, for results and for audits.

    found: balanced accuracy of the metadata alone; None where it is not known.
    """
    if found is None or found.value is None or found.low is None:
        return False
    return (found.low >= SURELY and found.value > SURELY) or (found.value > PROBABLY and found.low > CHANCE)


def doubt_text(found: Estimate, strongest: str | None) -> str:
    """Say why a domain is doubtful; strongest: what separates its classes most, in words."""
    why = f"; {strongest}" if strongest else ""
    return f"reals and fakes can be told apart without looking at a pixel ({accuracy(found)}{why})"


def warning(domain: str, found: MetadataBaseline | None) -> str | None:
    """Warn in one line of a domain whose result is doubtful; None for others."""
    if found is None or not is_doubtful(found.estimate):
        return None
    return f"{domain}: {doubt_text(found.estimate, found.strongest)}: its accuracy may measure that"


def warnings(evaluations: Iterable[Metrics]) -> list[str]:
    """Write one line for each domain among some evaluations whose result is doubtful."""
    lines = (warning(one.target, one.metadata_baseline) for one in evaluations)
    return list(dict.fromkeys(f"warning: {line}" for line in lines if line))
