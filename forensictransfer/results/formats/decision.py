"""decision.json: how a run turns energies and features into a verdict."""

from __future__ import annotations

import numpy as np

from forensictransfer.core.values import Number
from forensictransfer.evaluation.decision import Decision
from forensictransfer.results.formats.document import Part


class DecisionFile(Part):
    """The fields of `evaluation.decision.Decision`, its weights as a list."""

    weights: tuple[Number, ...] | None
    bias: Number
    threshold: Number
    slope: Number
    rule: str
    chosen_on: str
    spread: Number = 0.0

    @classmethod
    def of(cls, decision: Decision) -> DecisionFile:
        """Describe a decision as a file."""
        weights = None if decision.weights is None else tuple(float(value) for value in decision.weights)
        numbers = {name: float(getattr(decision, name)) for name in ("bias", "threshold", "slope", "spread")}
        return cls(weights=weights, **numbers, rule=decision.rule, chosen_on=decision.chosen_on)

    def decision(self) -> Decision:
        """Make the decision that the file describes."""
        weights = None if self.weights is None else np.asarray(self.weights, np.float64)
        return Decision(weights, self.bias, self.threshold, self.slope, self.rule, self.chosen_on, self.spread)
