"""What is left of a run's accuracy when pictures are compressed, scaled or filtered, as a table."""

from __future__ import annotations

from collections.abc import Iterator

from forensictransfer.core.tables import TextTable
from forensictransfer.evaluation.corruptions import CORRUPTIONS
from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.results.formats.robustness import CorruptedTest, Robustness
from forensictransfer.results.numbers import accuracy, fraction

_HEAD = ("corruption", "level", "balanced accuracy", "change", "AUC", "real -> fake", "fake -> real")


def robustness_table(found: Robustness) -> TextTable:
    """Lay out a test of robustness, a row for each level."""
    return TextTable(_HEAD, tuple(map(_row, found.tests)), "lrllllr", notes=tuple(_notes(found)))


def _row(one: CorruptedTest) -> tuple[str, ...]:
    level = "" if one.accuracy_change is None else f"{one.level:g}"
    turned = (_share(one.turned_fake), _share(one.turned_real)) if one.accuracy_change is not None else ("", "")
    return (one.name, level, accuracy(one.balanced_accuracy), _points(one.accuracy_change), fraction(one.auc), *turned)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _points(change: Estimate | None) -> str:
    if change is None or change.value is None:
        return ""
    value = f"{100 * change.value:+.1f}"
    if change.low is None or change.high is None:
        return value
    return f"{value} [{100 * change.low:+.1f}, {100 * change.high:+.1f}]"


def _notes(found: Robustness) -> Iterator[str]:
    n = found.clean.n
    draws = f", {found.draws} draws of shots" if found.draws > 1 else ""
    yield (
        f"{n.real} real and {n.fake} fake test images of {found.target}{draws}; in brackets 95 % intervals. Change: in "
        "points, paired over images and draws. real -> fake: of the real images called real before, those called fake."
    )
    names = dict.fromkeys(one.name for one in found.tests[1:])
    yield "; ".join(f"{name}: {CORRUPTIONS[name].about}" for name in names if name in CORRUPTIONS)
    silent = [f"{one.name} {one.level:g}: {one.not_applied}" for one in found.tests if one.not_applied]
    if silent:
        yield f"images that the detector does not apply to, left out on both sides: {'; '.join(silent)}"
