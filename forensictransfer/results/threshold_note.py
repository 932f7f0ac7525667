"""A note beside a result whose scores rank far better than its threshold decides: a few shots choose a better one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import NormalDist

from forensictransfer.results.formats.metrics import Metrics

_RANKS = 0.60  # the AUC is surely above that
_LOST = 0.10  # balanced accuracy that the threshold loses, at least


def attainable(auc: float) -> float:
    """Estimate the balanced accuracy that the best threshold has, for an AUC of 0.5 or more.

    Both classes' scores are taken as normal with one variance: Phi(d / 2) where AUC = Phi(d / sqrt(2)). Source: J. A.
    Hanley, B. J. McNeil, "The meaning and use of the area under a receiver operating characteristic curve", 1982.
    """
    if auc >= 1.0:
        return 1.0
    normal = NormalDist()
    return normal.cdf(normal.inv_cdf(auc) / math.sqrt(2))


def threshold_note(found: Metrics) -> str | None:
    """Say that the threshold and not the scores fails on a domain; None where that is not so."""
    accuracy, auc = found.metrics.get("balanced_accuracy"), found.metrics.get("auc")
    if accuracy is None or auc is None or accuracy.value is None or auc.value is None or auc.low is None:
        return None
    possible = attainable(auc.value) if auc.value > 0.5 else 0.5
    if auc.low < _RANKS or possible - accuracy.value < _LOST:
        return None
    return (
        f"{found.target}: the scores rank reals and fakes (AUC {auc.value:.3f}), the threshold is in the wrong place "
        f"({100 * accuracy.value:.1f} %, about {100 * possible:.0f} % possible): a few shots of this domain choose a "
        f"better one (adapt --strategy threshold)"
    )


def threshold_notes(evaluations: Iterable[Metrics]) -> list[str]:
    """Write one line for each of some evaluations whose threshold fails."""
    found = (threshold_note(one) for one in evaluations)
    return list(dict.fromkeys(f"note: {line}" for line in found if line))
