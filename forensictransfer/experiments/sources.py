"""What a training learns from: the images of one source or of several, and what data.json says of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import DataSettings, Settings
from forensictransfer.data.checks.copies import check_labels_agree, copies_across
from forensictransfer.data.counts import Counts
from forensictransfer.data.domains import Domain
from forensictransfer.data.exclusion import LeftOut
from forensictransfer.data.images import Images
from forensictransfer.data.records import FAKE, REAL
from forensictransfer.data.splits import drop_shared
from forensictransfer.detectors.base import Detector
from forensictransfer.evaluation.applicability import NotApplied, unapplied
from forensictransfer.experiments.evaluate import check_both_classes
from forensictransfer.experiments.session import Session
from forensictransfer.results.formats.data import SeenImages, SourceData, TrainingData, WeightsFile
from forensictransfer.results.formats.run import joined_fingerprint, joined_name

_log = logging.getLogger(__name__)
LEARNED = ("train", "validation")
_NOTHING_LEARNED = "nothing is learned from it: the detector applies to no image of a class"


@dataclass(frozen=True)
class SourceImages:
    """The images that a training learns from.

    domains: one or several, in the order in which they were named. parts: by the name of a domain, the images of its
    train and validation split. warnings: by the name of a domain, what makes learning from it doubtful. not_applied: by
    the name of a domain and split, the images that are left out since the detector does not apply to them.
    """

    domains: Sequence[Domain]
    parts: Mapping[str, Mapping[str, Images]]
    warnings: Mapping[str, Sequence[str]]
    not_applied: Mapping[str, Mapping[str, NotApplied]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The domains by name: `A + B`."""
        return joined_name([domain.name for domain in self.domains])

    @cached_property
    def train(self) -> Images:
        """The train splits of all domains together."""
        return self._together("train")

    @cached_property
    def validation(self) -> Images:
        """The validation splits of all domains together."""
        return self._together("validation")

    @property
    def learned(self) -> list[Domain]:
        """The domains that something is learned from: those whose images a detector applies to."""
        return [domain for domain in self.domains if all(len(images) for images in self.parts[domain.name].values())]

    def applied(self, detector: Detector, settings: Settings, session: Session) -> SourceImages:
        """Keep the images that a detector applies to.

        Of several sources one that has none left of a class, in either split, is left out as a whole and counted as
        such. Raises UserError if that leaves no source.
        """
        parts: dict[str, Mapping[str, Images]] = {}
        lost: dict[str, dict[str, NotApplied]] = {}
        refused: dict[str, UserError] = {}
        for name, splits in self.parts.items():
            kept: dict[str, Images] = {}
            lost[name] = {}
            for split, images in splits.items():
                where, label = f"{split} split of '{name}'", f"examining {name} {split}"
                kept[split], missing = session.divided(detector, images, settings.evaluate, label)
                error = unapplied(kept[split], missing, detector.name, where)
                if missing is not None:
                    lost[name][split] = missing
                    _log.warning("%s: %s", where, missing.line(detector.name))
                if error is not None:
                    refused.setdefault(name, error)
            parts[name] = {split: images.subset([]) for split, images in kept.items()} if name in refused else kept
        if len(refused) == len(parts):
            raise next(iter(refused.values()))
        for name in refused:
            _log.warning("warning: %s: %s", name, _NOTHING_LEARNED)
        warnings = {
            name: [*lines, *((_NOTHING_LEARNED,) if name in refused else ())] for name, lines in self.warnings.items()
        }
        return replace(self, parts=parts, warnings=warnings, not_applied=lost)

    def _together(self, split: str) -> Images:
        parts = {domain.name: self.parts[domain.name][split] for domain in self.learned}
        return Images.joined(parts) if len(parts) > 1 else next(iter(parts.values()))


def read_sources(domains: Sequence[Domain], data: DataSettings, session: Session) -> SourceImages:
    """Read the train and validation splits of the sources, and look through all their images for what is doubtful.

    A group falls into the same split of every folder, by the hash of its name. What is shared all the same (by pixels
    under other names, or where a domain has splits of its own) is learned from once: an image of a validation split
    whose photograph stands in another domain's train split is left out. Test splits drop such images when they are
    tested on, as they do for every run.

    The decoded images of all sources together take `data.memory_mb` for either split, the first ones first.

    Raises UserError for a split without both classes, and for images of both classes with the same pixels.
    """
    read: dict[str, dict[str, Images]] = {domain.name: {} for domain in domains}
    for split in LEARNED:
        left = data.memory_mb
        for domain in domains:
            share = data.model_copy(update={"memory_mb": max(0, left)})
            found = Images(domain.split(split), data=share, progress=f"reading {domain.name} {split}")
            left -= -(-found.kept_bytes // 2**20)
            read[domain.name][split] = found
    dropped = _leave_out_shared(read)
    for domain in domains:
        for split in LEARNED:
            check_both_classes(read[domain.name][split], domain.name, split, dropped=dropped.get(domain.name, 0))
    tests = {d.name: session.contents(d, "test", data, f"reading {d.name} test") for d in domains}
    warnings = {d.name: _doubts(d.name, {**read[d.name], "test": tests[d.name]}) for d in domains}
    for name, number in dropped.items():
        line = (
            f"{number} images of its validation split are left out: their photographs are in another source's training"
        )
        _log.info("%s: %s", name, line)
        warnings[name].append(line)
    sources = SourceImages(domains, read, warnings)
    if len(domains) > 1:
        check_labels_agree(sources.name, [sources.train, sources.validation, Images.joined(tests)])
    return sources


def _leave_out_shared(read: Mapping[str, dict[str, Images]]) -> dict[str, int]:
    """Drop the validation images whose photograph another domain trains on; returns their number by domain."""
    dropped: dict[str, int] = {}
    for name, splits in read.items():
        others = [other["train"] for one, other in read.items() if one != name]
        groups = {group for images in others for group in images.groups}
        digests = {digest for images in others for digest in images.digests}
        images = splits["validation"]
        kept, by_group, by_pixels = drop_shared(images.records, images.digests, groups, digests)
        if by_group + by_pixels:
            splits["validation"] = images.subset(kept)
            dropped[name] = by_group + by_pixels
    return dropped


def _doubts(name: str, splits: Mapping[str, Images]) -> list[str]:
    """Log, and return, what makes a training on the images of a domain doubtful.

    Raises UserError if images of both classes have the same pixels.
    """
    check_labels_agree(name, list(splits.values()))
    left_out = LeftOut.total(images.left_out for images in splits.values())
    records = [record for images in splits.values() for record in images.records]
    digests = [digest for images in splits.values() for digest in images.digests]
    warnings = [line for line in (left_out.warning(), copies_across(records, digests)) if line]
    for warning in warnings:
        _log.warning("warning: %s: %s", name, warning)
    return warnings


def describe(sources: SourceImages, weights: WeightsFile | None = None) -> TrainingData:
    """Describe what a training is made from: the fingerprint, the counts, what was skipped, and all that is seen."""
    parts = [_describe(domain, sources) for domain in sources.domains]
    whole = parts[0] if len(parts) == 1 else together(parts)
    images = [images for splits in sources.parts.values() for images in splits.values()]
    return TrainingData(
        **dict(whole),
        sources=() if len(parts) == 1 else tuple(parts),
        seen=SeenImages(
            groups=tuple(sorted({group for one in images for group in one.groups})),
            digests=tuple(sorted({digest for one in images for digest in one.digests})),
        ),
        weights=weights,
    )


def _describe(domain: Domain, sources: SourceImages) -> SourceData:
    splits = sources.parts[domain.name]
    return SourceData(
        name=domain.name,
        origin=domain.origin,
        fingerprint=domain.fingerprint(),
        notes=(*sources.warnings[domain.name], *domain.warnings, *domain.notes),
        splits={
            name: Counts(
                int((images.labels == REAL).sum()), int((images.labels == FAKE).sum()), len(set(images.groups))
            )
            for name, images in splits.items()
        },
        skipped=tuple(item for images in splits.values() for item in images.skipped),
        left_out={name: images.left_out for name, images in splits.items()},
        not_applied=dict(sources.not_applied.get(domain.name, {})),
        links=domain.skipped,
    )


def together(parts: Sequence[SourceData]) -> SourceData:
    """Sum up several domains as one."""
    return SourceData(
        name=joined_name([part.name for part in parts]),
        origin="",
        fingerprint=joined_fingerprint([part.fingerprint for part in parts]),
        notes=tuple(f"{part.name}: {note}" for part in parts for note in part.notes),
        splits={
            split: Counts(
                sum(part.splits[split].real for part in parts),
                sum(part.splits[split].fake for part in parts),
                sum(part.splits[split].groups for part in parts),
            )
            for split in LEARNED
        },
        skipped=tuple((f"{part.name}/{name}", why) for part in parts for name, why in part.skipped),
        left_out={
            split: LeftOut.total(part.left_out[split] for part in parts if split in part.left_out) for split in LEARNED
        },
        not_applied={
            split: NotApplied.total(part.not_applied[split] for part in parts if split in part.not_applied)
            for split in LEARNED
            if any(split in part.not_applied for part in parts)
        },
        links=tuple((f"{part.name}/{name}", why) for part in parts for name, why in part.links),
    )
