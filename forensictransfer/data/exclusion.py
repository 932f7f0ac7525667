"""How many images of either class were left out, and whether that itself tells the classes apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from forensictransfer.core.values import FieldsByKey, Integer
from forensictransfer.data.records import FAKE, REAL, Record

LOPSIDED_P = 0.05


@dataclass(frozen=True)
class LeftOut(FieldsByKey):
    """Images that are left out, most often since they could not be read: `real` of `reals`, `fake` of `fakes`."""

    real: Integer
    reals: Integer
    fake: Integer
    fakes: Integer

    @classmethod
    def of(cls, records: Sequence[Record], skipped: Collection[str]) -> LeftOut:
        """Count the records whose names are in `skipped`, by class."""
        labels = [record.label for record in records]
        lost = [record.label for record in records if record.name in skipped]
        return cls(lost.count(REAL), labels.count(REAL), lost.count(FAKE), labels.count(FAKE))

    @classmethod
    def total(cls, parts: Iterable[LeftOut]) -> LeftOut:
        """Add up what was left out of several parts of a domain."""
        listed = [(part.real, part.reals, part.fake, part.fakes) for part in parts]
        return cls(*map(sum, zip(*listed, strict=True))) if listed else cls(0, 0, 0, 0)

    @property
    def images(self) -> int:
        """All that were left out."""
        return self.real + self.fake

    def lopsided(self) -> bool:
        """Tell whether one class lost more than chance explains (Fisher's exact test, two-sided, p below 0.05)."""
        if not self.images:
            return False
        from scipy.stats import fisher_exact

        table = [[self.real, self.reals - self.real], [self.fake, self.fakes - self.fake]]
        return float(fisher_exact(table).pvalue) < LOPSIDED_P

    def __str__(self) -> str:
        parts = [(self.fake, f"{self.fake} of {self.fakes} fakes"), (self.real, f"{self.real} of {self.reals} reals")]
        return " and ".join(text for _, text in sorted(parts, key=lambda part: -part[0]))

    def warning(self) -> str | None:
        """Write a line if what was left out depends on the class, None otherwise."""
        if not self.lopsided():
            return None
        return (
            f"left out {self}: one class loses more than the other, so that what is left may differ by what could not "
            "be read; repair or remove these files, or remove such files from both classes"
        )
