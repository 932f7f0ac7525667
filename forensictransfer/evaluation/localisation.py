"""How well heat maps find what was changed: per image against its mask, and over images with intervals by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_auc_score

from forensictransfer.core.values import FieldsByKey
from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.evaluation.resampling import drawn_counts, percentiles

LEVEL = 0.5  # a heat map is a probability: from here on a pixel is called changed, the run's own threshold
OF_FAKES = ("pixel_auc", "centre_auc", "pixel_f1", "pixel_f1_best", "centre_f1_best", "pixel_mcc")
FALSE_ALARM_AREA = "false_alarm_area"
MEASURES = (*OF_FAKES, FALSE_ALARM_AREA)


@dataclass(frozen=True)
class MappedImage(FieldsByKey):
    """What one draw's heat map of an image is worth.

    values: of MEASURES, those of OF_FAKES for a fake with a mask and FALSE_ALARM_AREA for a real image. flat: the map
    has one value all over, as that of an image of a single tile.
    """

    draw: int
    name: str
    group: str
    values: Mapping[str, float]
    flat: bool = False


@dataclass(frozen=True)
class Localisation(FieldsByKey):
    """Means over images and draws with 95 % intervals; fakes, reals: images behind them; flat: fakes of flat maps."""

    fakes: int
    reals: int
    flat: int
    metrics: Mapping[str, Estimate]


def against_mask(heat_map: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    """Compare a heat map with the pixels that were changed: OF_FAKES by name.

    AUC over pixels; F1 and Matthews' correlation where the map is above LEVEL; the best F1 of any level; and AUC and
    best F1 of a map that knows nothing but how far a pixel is from the middle of its image, where forgeries often lie
    (0.9 is not rare). heat_map: (h, w) in [0, 1]; mask: bool (h, w) with pixels of both kinds. Without a pixel above
    LEVEL, or none below, Matthews' correlation is 0.

    Source of the correlation: B. W. Matthews, "Comparison of the predicted and observed secondary structure of T4 phage
    lysozyme", 1975.
    """
    changed, values = mask.ravel(), np.asarray(heat_map, np.float64).ravel()
    if changed.all() or not changed.any():
        raise ValueError("against_mask: expected a mask with pixels of both kinds")
    rows, columns = (np.arange(side) - (side - 1) / 2 for side in mask.shape)
    central = -np.hypot(rows[:, None], columns).ravel()
    return {
        "pixel_auc": float(roc_auc_score(changed, values)),
        "centre_auc": float(roc_auc_score(changed, central)),
        **_at_level(values > LEVEL, changed),
        "pixel_f1_best": _best_f1(values, changed),
        "centre_f1_best": _best_f1(central, changed),
    }


def false_alarm_area(heat_map: np.ndarray) -> float:
    """Compute the share of a pristine image's pixels that are above LEVEL: a map of nothing costs, too."""
    return float(np.mean(heat_map > LEVEL))


def _at_level(called: np.ndarray, changed: np.ndarray) -> dict[str, float]:
    """Compute F1 and Matthews' correlation of the pixels that are called changed."""
    tp, fp = float(np.sum(called & changed)), float(np.sum(called & ~changed))
    fn, tn = float(np.sum(~called & changed)), float(np.sum(~called & ~changed))
    product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    mcc = (tp * tn - fp * fn) / np.sqrt(product) if product else 0.0
    return {"pixel_f1": 2 * tp / (2 * tp + fp + fn), "pixel_mcc": float(mcc)}


def _best_f1(values: np.ndarray, changed: np.ndarray) -> float:
    """Find the best F1 = 2 tp / (called + changed) of all levels."""
    order = np.argsort(-values, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(values[order]) != 0, True))  # equal values are called together
    hits = np.cumsum(changed[order])[ends]
    return float(np.max(2 * hits / (ends + 1 + changed.sum())))


def summarise_maps(images: Sequence[MappedImage], *, resamples: int = 1000, seed: int = 0) -> Localisation:
    """Average what maps are worth over the images of each draw and over the draws, with 95 % intervals over both.

    Groups are resampled once for all draws and draws with them, as for the metrics of images. A measure that no image
    has is left out; one of a single group has no interval.
    """
    draws = sorted({one.draw for one in images})
    group_of = {group: number for number, group in enumerate(sorted({one.group for one in images}))}
    group_rng, draw_rng = np.random.default_rng([seed, 0]), np.random.default_rng([seed, 1])
    weights = drawn_counts(group_rng, resamples, len(group_of))
    draw_weights = drawn_counts(draw_rng, resamples, len(draws)).T / len(draws)
    metrics = {}
    for name in MEASURES:
        having = [one for one in images if name in one.values]
        if not having:
            continue
        point, resampled = [], []
        for draw in draws:
            values = np.array([one.values[name] for one in having if one.draw == draw])
            groups = np.array([group_of[one.group] for one in having if one.draw == draw])
            counts = weights[:, groups]
            with np.errstate(invalid="ignore"):
                resampled.append(counts @ values / counts.sum(axis=1))
            point.append(values.mean())
        n = len({one.group for one in having})
        low, high = percentiles((np.array(resampled) * draw_weights).sum(axis=0)) if n > 1 else (None, None)
        metrics[name] = Estimate(float(np.mean(point)), low, high, n)
    first = [one for one in images if one.draw == draws[0]] if draws else []
    reals = sum(FALSE_ALARM_AREA in one.values for one in first)
    flat = sum(one.flat and FALSE_ALARM_AREA not in one.values for one in first)
    return Localisation(len(first) - reals, reals, flat, metrics)
