"""What separates reals from fakes: the AUC of every trace with its interval over groups, the strongest first.

A number is judged by its order: the AUC is above 0.5 where fakes have larger values. For a category, and where the
classes differ in another way (all fakes of one size, reals smaller and larger), an image's score is the share of fakes
among images like it in the other folds of the groups (value by value, or by twentieths of a number), so that nothing is
judged by what it was counted on. That AUC is 0.5 for a trace that says nothing, and has no direction.
"""

from __future__ import annotations

import numpy as np

from forensictransfer.auditing.intervals import Interval, auc
from forensictransfer.auditing.traces.columns import CATEGORY, NUMBER, TRACES, Trace
from forensictransfer.auditing.traces.scan import Scan
from forensictransfer.results.formats.audit import Separator

BINS = 20
FEWEST = 10  # images of either class that a trace must apply to
PRIOR = 2.0  # images that each share of fakes is drawn towards one half by


def separators(scan: Scan, folds: np.ndarray | None) -> tuple[list[Separator], list[str]]:
    """Judge all traces that vary, the strongest first, and list the names of those that do not.

    folds: of each image (`folds.fold_of`); None where groups are too few, when only the order of numbers is judged.
    """
    varying = [trace for trace in TRACES if trace.name in scan.columns and _varies(scan.columns[trace.name])]
    constant = [trace.name for trace in TRACES if trace.name in scan.columns and trace not in varying]
    found = []
    for trace in varying:
        one = _judged(scan, trace, folds, len(varying))
        if one is not None:
            found.append(one)
    # Of equals the one that says most to people, which stands first among TRACES.
    return sorted(found, key=lambda one: -round(one.strength, 3)), constant


def _varies(column: np.ndarray) -> bool:
    """Tell whether two images differ, those that a trace does not apply to counted as a value of their own."""
    return column.size > 0 and not bool((column == column[0]).all() or np.isnan(column).all())


def _judged(scan: Scan, trace: Trace, folds: np.ndarray | None, looks: int) -> Separator | None:
    column = scan.columns[trace.name]
    there = ~np.isnan(column)
    found: list[tuple[Interval, str]] = []
    if trace.kind == NUMBER and _enough(scan.labels[there]):
        ordered = auc(column[there], scan.labels[there], scan.groups[there])
        found.append((ordered, _order_words(scan, trace, column, ordered.value)))
    if folds is not None and _enough(scan.labels):
        values = _binned(column) if trace.kind == NUMBER else np.where(there, column, -1).astype(int)
        grouped = auc(_share_of_fakes(values, scan.labels, folds), scan.labels, scan.groups, folds)
        # Below one half it says nothing: what was learned in the other folds does not hold in this one.
        found.append((grouped, _value_words(scan, trace, column)))
    if not found:
        return None
    best, words = found[0]
    for other, text in found[1:]:
        # The order has a direction and few ways to go wrong; only a clear gain speaks for counting.
        if max(other.low, 0.5) > max(best.high, 1 - best.low) or (other.value == 1 and best.value not in (0, 1)):
            best, words = other, text
    return Separator(
        trace=trace.name,
        part=trace.part,
        topic=trace.topic,
        auc=best.estimate,
        notable=bool(best.excludes(0.5, looks)),
        words=words,
    )


def _enough(labels: np.ndarray) -> bool:
    return min(int((labels == label).sum()) for label in (0, 1)) >= FEWEST


def _binned(column: np.ndarray) -> np.ndarray:
    """Turn a number into a category: its values where these are few, else BINS equal shares.

    -1 where it does not apply.
    """
    there = ~np.isnan(column)
    values = np.unique(column[there])
    if len(values) > 2 * BINS:
        values = np.unique(np.quantile(column[there], np.arange(1, BINS) / BINS))
        return np.where(there, np.searchsorted(values, np.nan_to_num(column), side="right"), -1)
    return np.where(there, np.searchsorted(values, np.nan_to_num(column)), -1)


def _share_of_fakes(values: np.ndarray, labels: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Compute for each image the share of fakes among images of its value in the other folds.

    Both classes are weighed alike.
    """
    codes = np.unique(values, return_inverse=True)[1]
    scores = np.full(len(values), 0.5)
    for fold in np.unique(folds):
        other, here = folds != fold, folds == fold
        real, fake = (
            np.bincount(codes[other & (labels == label)], minlength=codes.max() + 1)
            / max(int((other & (labels == label)).sum()), 1)
            for label in (0, 1)
        )
        weight = PRIOR / max(int(other.sum()), 1)
        scores[here] = ((fake + weight / 2) / (real + fake + weight))[codes[here]]
    return scores


def _order_words(scan: Scan, trace: Trace, column: np.ndarray, value: float) -> str:
    real, fake = (np.nanmedian(column[scan.labels == label]) for label in (0, 1))
    unit = f" {trace.unit}" if trace.unit else ""
    if np.isclose(real, fake, rtol=1e-3):
        return f"fakes {'larger' if value > 0.5 else 'smaller'} (medians alike, {_figure(fake)}{unit})"
    return f"fakes {'larger' if value > 0.5 else 'smaller'}: median {_figure(fake)} against {_figure(real)}{unit}"


def _figure(value: float) -> str:
    """Write a number for people: 27,910, 335, 0.0143, 0."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 1e-3 or value == 0 else f"{value:.6f}"


def _value_words(scan: Scan, trace: Trace, column: np.ndarray) -> str:
    """Name the value whose shares in the two classes differ most, and these shares."""
    codes, inverse = np.unique(np.where(np.isnan(column), -1, column), return_inverse=True)
    classes = [inverse[scan.labels == label] for label in (0, 1)]
    real, fake = (np.bincount(rows, minlength=len(codes)) / max(len(rows), 1) for rows in classes)
    # Of two values that say the same, the fakes' one, whatever the order of the files.
    value = int((np.round(np.abs(fake - real), 9) + 1e-12 * (fake > real)).argmax())
    name = _name(scan, trace, codes[value])
    return f"{name} in {percent(real[value])} of reals, {percent(fake[value])} of fakes"


def _name(scan: Scan, trace: Trace, code: float) -> str:
    if code < 0:
        return "not applicable"
    if trace.kind == CATEGORY:
        return scan.levels[trace.name][int(code)]
    return f"{code:.6g}{f' {trace.unit}' if trace.unit else ''}"


def percent(share: float) -> str:
    """Write a fraction for people: 0 %, 0.4 %, 31 %, 100 %."""
    value = 100 * share
    return f"{value:.1f} %" if 0 < value < 10 or 99 < value < 100 else f"{value:.0f} %"
