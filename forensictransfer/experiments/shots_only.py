"""What the shots alone reach: a simple classifier fitted to each draw and nothing else, on the test of the target."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forensictransfer.core.settings import Settings
from forensictransfer.data.domains import Domain
from forensictransfer.data.images import Images
from forensictransfer.data.splits import drop_shared
from forensictransfer.detectors.base import Detector
from forensictransfer.evaluation.metrics import ScoredImages, summarise_draws
from forensictransfer.evaluation.scoring import decided
from forensictransfer.experiments.descriptors import DESCRIPTOR
from forensictransfer.experiments.evaluate import check_both_classes, check_splits
from forensictransfer.experiments.session import Session
from forensictransfer.experiments.shots import readable_shots
from forensictransfer.experiments.strategies import MEAN
from forensictransfer.experiments.strategies.shots_alone import classifier_of, fit_shots
from forensictransfer.results.formats.metrics import DrawMetrics
from forensictransfer.results.formats.run import PAIRED
from forensictransfer.results.formats.shots_only import ShotsOnlyMetrics


def measure_shots_only(
    target: Domain,
    shots: Sequence[Images],
    test: Images,
    settings: Settings,
    session: Session,
    detector: Detector | None = None,
) -> tuple[ShotsOnlyMetrics, list[ScoredImages]]:
    """Fit the classifier to the shots of each draw and test it.

    The threshold is picked by `adapt.threshold` on the shots, as the run's, and tiles are pooled as `head` does.
    detector: of a run that has scored the same images; it plays no part in the result, but where its features are those
    of the descriptor they are not computed again. Returns the metrics, and the test images as each draw scores them.
    """
    options = settings.adapt
    label = f"describing {target.name}"
    describer, analyse, scoring = session.describer(detector, settings.evaluate)
    pooled = options.pooling != MEAN
    draws = []
    for draw, images in enumerate(shots):
        known = analyse(describer, images, scoring, keep_tiles=pooled)
        adapted = fit_shots(known, images.labels, images.groups, options)
        decision = adapted.fitted(options.threshold, known, images.labels)
        scores = decided(decision, describer, test, scoring, analyse, label).scores
        draws.append(
            ScoredImages(
                names=[record.name for record in test.records],
                labels=test.labels,
                groups=test.groups,
                scores=scores,
                probabilities=decision.probabilities(scores),
                threshold=decision.threshold,
                draw=draw,
                energies=np.stack([-scores / 2, scores / 2], axis=1),
            )
        )
    summary = summarise_draws(draws, resamples=settings.evaluate.resamples, seed=settings.seed)
    found = ShotsOnlyMetrics(
        target=target.name,
        origin=target.origin,
        fingerprint=target.fingerprint(),
        descriptor=DESCRIPTOR,
        classifier=classifier_of(options.shots),
        shots=options.shots,
        draws=len(draws),
        seed=settings.seed,
        threshold_rule=f"{options.threshold} (shots)",
        resamples=settings.evaluate.resamples,
        recompress=settings.data.recompress,
        protocol=PAIRED if options.pairs else None,
        n=summary.n,
        metrics=dict(summary.metrics),
        per_draw=tuple(DrawMetrics.of(one) for one in summary.per_draw),
    )
    return found, draws


def shots_only_of(target: Domain, settings: Settings, session: Session) -> tuple[ShotsOnlyMetrics, list[ScoredImages]]:
    """Draw the shots of a target as an adaptation does, and measure what they reach on its whole test split.

    Test images with the pixels of a shot are left out. Raises UserError as an adaptation would.
    """
    check_splits(target, ("test",))
    shots = [readable_shots(target, settings, draw, session, {}) for draw in range(settings.adapt.draws)]
    every = session.split(target, "test", settings.data, progress=f"reading {target.name}")
    groups, digests = ({one for images in shots for one in getattr(images, name)} for name in ("groups", "digests"))
    kept, *dropped = drop_shared(every.records, every.digests, groups, digests)
    test = every.subset(kept)
    check_both_classes(test, target.name, "test", dropped=sum(dropped))
    return measure_shots_only(target, shots, test, settings, session)
