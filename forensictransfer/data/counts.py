"""How many images of either class some part of a domain holds, and of how many groups they are."""

from __future__ import annotations

from dataclasses import dataclass

from forensictransfer.core.values import FieldsByKey, Integer


@dataclass(frozen=True)
class Counts(FieldsByKey):
    """Images of either class, and the groups that they come from."""

    real: Integer
    fake: Integer
    groups: Integer

    @property
    def images(self) -> int:
        """Images of both classes."""
        return self.real + self.fake
