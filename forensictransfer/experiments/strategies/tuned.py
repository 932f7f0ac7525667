"""A strategy chosen for each draw, with its settings, by cross-validation among the shots."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import optuna

from forensictransfer.core.settings import Settings, load_settings
from forensictransfer.core.values import SettingValue
from forensictransfer.detectors.trainable import as_trainable
from forensictransfer.evaluation.scoring import analyse_images
from forensictransfer.experiments.strategies.base import Adapted, FewShotTask, strategy
from forensictransfer.experiments.tuning.folds import group_folds
from forensictransfer.experiments.tuning.spaces import ADAPTATION, GRADIENT_FREE, UNTUNED, adaptation, values_of
from forensictransfer.experiments.tuning.study import COMPLETE, FAILED, PRUNED, Search
from forensictransfer.results.formats.search import TrialState


def tuned(task: FewShotTask) -> Adapted:
    """Search for the strategy, and for fine-tuning its settings, that say most of shots which were held out.

    Each of `adapt.trials` trials adapts to two of three folds of the shots, fits threshold and slope there, and is
    judged by the cross-entropy of the third: its mean over all shots, each held out once, images of a group always
    together. Trial 0 is fine-tuning by the settings as they are, then come the strategies without a gradient, then
    fine-tuning by settings that TPE suggests; one that does worse than the median after a fold ends there. The best
    trial's settings are then used on all shots. Nothing but the shots is looked at. Where nothing can be held out (one
    shot, or one group, per class) the settings stay as they are, and `chosen` says why.
    """
    untuned = _changed(task.settings, {"adapt.strategy": UNTUNED})
    detector = as_trainable(task.detector)
    start = detector.model.get_weights()
    asked = values_of(untuned, ADAPTATION)
    folds = group_folds(task.shots.labels, task.shots.groups)
    given: list[dict[str, SettingValue]] = [asked]
    given += [{"adapt.strategy": name} for name in GRADIENT_FREE]
    search = Search(seed=(task.settings.seed, task.draw), direction="minimize", unit="folds", given=len(given))
    if folds is None:
        chosen = search.outcome("none", asked, _REASON)
        return replace(strategy(UNTUNED)(replace(task, settings=untuned)), chosen=chosen)
    found: list[dict[str, SettingValue]] = []
    for number in range(task.settings.adapt.trials):
        trial = search.begin(given[number] if number < len(given) else {"adapt.strategy": UNTUNED})
        found.append(adaptation(trial, untuned, stages=len(detector.stages), reconstructs=detector.reconstructs))
        _run_trial(search, trial, replace(task, settings=_changed(untuned, found[-1])), start, folds)
    best = search.best()
    settings = asked if best is None else found[best.number]
    reason = "no trial gave a number: the settings stay as they are" if best is None else None
    chosen = search.outcome(f"cross-entropy of held-out shots, {len(folds)} folds", settings, reason)
    final = _changed(untuned, settings)
    adapted = strategy(final.adapt.strategy)(replace(task, settings=final))
    return replace(adapted, trials=search.table(ADAPTATION), chosen=chosen)


_REASON = "nothing can be held out of one shot, or one group, per class: the settings stay as they are"


def _run_trial(
    search: Search, trial: optuna.Trial, task: FewShotTask, start: list[np.ndarray], folds: Sequence[np.ndarray]
) -> None:
    """Cross-validate the settings of `task` and record what came out."""
    began = time.monotonic()
    state: TrialState = COMPLETE
    losses = np.zeros(0)
    for done, held_out in enumerate(folds, start=1):
        losses = np.concatenate([losses, held_out_losses(task, start, held_out)])
        if not np.isfinite(losses).all():
            state = FAILED
            break
        trial.report(float(losses.mean()), done - 1)
        # What costs nothing need not be stopped, and its whole value is good to know.
        if done < len(folds) and task.settings.adapt.strategy == UNTUNED and trial.should_prune():
            state = PRUNED
            break
    search.end(trial, state, float(losses.mean()), time.monotonic() - began, done)


def held_out_losses(task: FewShotTask, start: list[np.ndarray], held_out: np.ndarray) -> np.ndarray:
    """Compute each held-out shot's cross-entropy after adaptation from the weights `start` to the others, in nats.

    Returns float64 (number of held-out shots,), NaN where the adaptation diverged.
    """
    labels = task.shots.labels
    kept = np.setdiff1d(np.arange(len(labels)), held_out)
    part = replace(
        task,
        shots=task.shots.subset(kept),
        analysis=task.analysis.subset(kept),
    )
    options = task.settings.adapt
    adapted = strategy(options.strategy)(part)
    analysis = task.analysis
    if adapted.changed:
        analysis = analyse_images(task.detector, task.shots, task.settings.evaluate)
        as_trainable(task.detector).model.set_weights(start)
    scores = adapted.decision.scores(analysis.energies, analysis.features, analysis.tiles)
    if not np.isfinite(scores).all():
        return np.full(len(held_out), np.nan)
    decision = adapted.decision.fitted(options.threshold, scores[kept], labels[kept], "shots")
    sign = 2.0 * labels[held_out] - 1
    # -log p of the right class, which a rounded p of 0 would make infinite.
    return np.logaddexp(0, -sign * decision.slope * (scores[held_out] - decision.threshold))


def _changed(settings: Settings, values: Mapping[str, SettingValue]) -> Settings:
    return load_settings(None, values, base=settings)
