"""A measured value with its 95 % interval: the one class for every figure, from the metrics to the tables."""

from __future__ import annotations

from dataclasses import dataclass, field

from forensictransfer.core.values import FieldsByKey, Integer, Number


@dataclass(frozen=True)
class Estimate(FieldsByKey):
    """A value with its 95 % interval, as fractions; None where it is undefined.

    n: independent units behind the interval, those that were resampled (groups of images, pairs of domains); None where
    that is not known. Two estimates are equal whose values and intervals are.
    """

    value: Number | None
    low: Number | None
    high: Number | None
    n: Integer | None = field(default=None, compare=False)

    @property
    def lowest(self) -> float:
        """The lower end of the interval, 0 where it is undefined: nothing is sure then."""
        return 0.0 if self.low is None else self.low

    @property
    def highest(self) -> float:
        """The upper end of the interval, 1 where it is undefined."""
        return 1.0 if self.high is None else self.high
