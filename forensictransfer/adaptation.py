"""A run and k shots of a target -> a new run, with as many draws of shots as asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from forensictransfer.card import card_text
from forensictransfer.config import DomainSettings, Settings
from forensictransfer.data.domains import Domain, Record, open_domain
from forensictransfer.data.images import Images
from forensictransfer.data.splits import draw_shots
from forensictransfer.decision import Decision
from forensictransfer.detectors.base import Analysis, Detector
from forensictransfer.environment import environment
from forensictransfer.errors import UserError
from forensictransfer.evaluation import analyse_images, check_splits, evaluate_run, open_detector
from forensictransfer.progress import progress_bar
from forensictransfer.runs import RunFolder, domain_info
from forensictransfer.strategies.base import Adapted, FewShotTask, SourceKnowledge, strategy


def adapt_run(
    parent: RunFolder, target: Domain, settings: Settings, out: Path, *, overwrite: bool = False
) -> RunFolder:
    """Adapt `parent` to `target` by `settings.adapt`, test it on both domains' test splits, and write the run `out`.

    Shots come from the target's train split. The threshold is picked by `adapt.threshold` on the shots alone. The
    source's test is repeated with each adapted detector, since adaptation forgets. Raises UserError for input that
    cannot work, also where the source's images are no longer there.
    """
    check_splits(target, ("test",))
    source = _source_again(parent, settings)
    options = settings.adapt
    adapt_one = strategy(options.strategy)
    shots = [_readable_shots(target, settings, draw) for draw in range(options.draws)]
    detector = open_detector(parent)
    initial = detector.model.get_weights()
    knowledge = _knowledge(parent)
    with RunFolder.building(out, _info(parent, target, settings), settings, overwrite=overwrite) as run:
        run.write_json("environment.json", environment())
        run.write_json("data.json", _describe(parent, target, shots))
        with run.writing("model.keras") as path:
            detector.save(str(path))
        for draw, images in enumerate(progress_bar(shots, desc=f"adapting to {target.name}", unit="draw")):
            detector.model.set_weights(initial)
            base = analyse_images(detector, images, settings)
            adapted = adapt_one(FewShotTask(detector, images, base, knowledge, settings, draw))
            after = analyse_images(detector, images, settings) if adapted.changed else base
            _write_draw(run, draw, detector, images, adapted, after, settings)
        evaluate_run(run, [target, source], settings, overwrite=True)
        run.write_text("CARD.md", card_text(run))
    return RunFolder.open(out)


def _readable_shots(target: Domain, settings: Settings, draw: int) -> Images:
    """The shots of a draw; an unreadable one is replaced by the next image of the same draw's order."""
    k = settings.adapt.shots
    excluded: set[str] = set()
    while True:
        candidates: list[Record] = [record for record in target.records if record.name not in excluded]
        chosen = draw_shots(candidates, k, seed=settings.seed, draw=draw, domain=target.name)
        images = Images([candidates[i] for i in chosen], data=settings.data)
        if not images.skipped:
            return images
        excluded |= {name for name, _ in images.skipped}


def _source_again(parent: RunFolder, settings: Settings) -> Domain:
    info = parent.info["source"]
    spec = DomainSettings(path=info["origin"], name=info["name"], group=info["group"])
    try:
        source = open_domain(spec, data=settings.data)
    except UserError as error:
        raise UserError(f"{parent.path}: the source is needed to report what adaptation forgets: {error}") from error
    if source.fingerprint() != info["fingerprint"]:
        raise UserError(
            f"{info['origin']}: its images are no longer those that {parent.path} was trained on; train again"
        )
    return source


def _knowledge(parent: RunFolder) -> SourceKnowledge:
    with np.load(parent.path / "source_features.npz") as stored:
        return SourceKnowledge(stored["energies"], stored["features"], stored["labels"])


def _write_draw(
    run: RunFolder,
    draw: int,
    detector: Detector,
    shots: Images,
    adapted: Adapted,
    analysis: Analysis,
    settings: Settings,
) -> Decision:
    scores = adapted.decision.scores(analysis.energies, analysis.features)
    if not np.isfinite(scores).all():
        raise UserError(
            f"draw {draw}: adaptation by '{settings.adapt.strategy}' diverged, its scores are not numbers; "
            "adapt again with a smaller --adapt.learning_rate"
        )
    decision = adapted.decision.fitted(settings.adapt.threshold, scores, shots.labels, "shots")
    run.write_json(f"draws/{draw}/decision.json", decision.to_json())
    run.write_csv(f"draws/{draw}/shots.csv", ("path", "label", "group"), _shot_rows(shots))
    if adapted.changed:
        with run.writing(f"draws/{draw}/model.keras") as path:
            detector.save(str(path))
    if adapted.history:
        names = list(adapted.history[0])
        run.write_csv(f"draws/{draw}/history.csv", names, [[row[name] for name in names] for row in adapted.history])
    return decision


def _shot_rows(shots: Images) -> Iterator[tuple[str, int, str]]:
    for record in shots.records:
        yield record.name, record.label, record.group


def _describe(parent: RunFolder, target: Domain, shots: list[Images]) -> dict[str, Any]:
    """data.json: what the parent had seen and the shots of all draws count as seen."""
    before = parent.read_json("data.json")
    return {
        "source": {key: value for key, value in before.items() if key != "seen"},
        "target": {**domain_info(target), "notes": list(target.notes)},
        "seen": {
            key: sorted({*before["seen"][key], *(value for images in shots for value in getattr(images, key))})
            for key in ("groups", "digests")
        },
    }


def _info(parent: RunFolder, target: Domain, settings: Settings) -> dict[str, Any]:
    options = settings.adapt
    stop = f"{options.stop}, {options.steps} steps" if options.strategy == "finetune" else "no gradient"
    return {
        "kind": "adapt",
        "detector": parent.info["detector"],
        "source": parent.info["source"],
        "target": domain_info(target),
        "strategy": options.strategy,
        "shots": options.shots,
        "draws": options.draws,
        "seed": settings.seed,
        "threshold_rule": f"{options.threshold} (shots)",
        "stop_rule": stop,
        "parent": str(parent.path.resolve()),
    }
