"""Enroll the generators of some domains, and attribute the test images of these and others to them or to none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.data.domains import Domain
from forensictransfer.data.records import CLASSES, FAKE, REAL, Record
from forensictransfer.detectors.signals.generator.fingerprint import GeneratorFingerprint, NoiseMean
from forensictransfer.detectors.signals.generator.noise import SIDE
from forensictransfer.evaluation.attribution import NONE, attribute, share
from forensictransfer.inference.generator_enrolment import (
    FALSE_ALARMS,
    FEWEST,
    check_side,
    enrolled_fakes,
    noises,
    of_class,
)
from forensictransfer.inference.generators import allowed_threshold, check_rate
from forensictransfer.results.formats.generator import AttributedClass, Attribution, GeneratorTable, LeftOutGenerator
from forensictransfer.results.formats.skipped import SkippedImage


class _Asked(NamedTuple):
    """Test images: their groups, the column of their own generator or NONE, and strengths (n, numbers, generators)."""

    domain: str
    label: int
    own: int
    groups: list[str]
    strengths: np.ndarray


def table(
    domains: Sequence[Domain],
    others: Sequence[Domain] = (),
    *,
    fakes: Sequence[int] = (),
    false_alarms: float = FALSE_ALARMS,
    side: int = SIDE,
    seed: int = 0,
) -> GeneratorTable:
    """Measure attribution with a reject option, as `enroll` and `check` do it.

    Fingerprints come from train splits, thresholds from validation splits, and the test splits are attributed.

    Args:
        domains: their fakes are of one generator each. others: whose images are of none of these.
        fakes: how many fingerprints are estimated from, one attribution for each (default: all).
        false_alarms: the share of reals that any generator is named for. side: of the tiles, pixels.
        seed: of the choice of fakes.
    Raises:
        UserError: no domain, a name or a place that two of them share, or too few images.
    """
    if not domains:
        raise UserError("generator table: expected at least one domain", code=ErrorCode.COMMAND_LINE)
    check_side(side)
    check_rate(false_alarms)
    _check_differ([*domains, *others])
    numbers: list[int | None] = [*sorted(set(fakes))] or [None]
    known: dict[str, str] = {}
    left: dict[str, list[SkippedImage]] = {domain.name: [] for domain in (*domains, *others)}
    # Each number is checked; the fakes of the largest begin with those of the others.
    orders = [[enrolled_fakes(domain, number, seed) for number in numbers][-1] for domain in domains]
    prints, counts = zip(
        *(
            _fingerprints(domain, order, numbers, side, known, left[domain.name])
            for domain, order in zip(domains, orders, strict=True)
        ),
        strict=True,
    )
    columns = [[one[level] for one in prints] for level in range(len(numbers))]
    reals = [
        np.array([[row[column].strength(noise) for row in columns] for _, noise in _held(domain, side, known, left)])
        for column, domain in enumerate(domains)
    ]
    asked = [
        part
        for column, domain in enumerate((*domains, *others))
        for part in _asked(domain, column if column < len(domains) else NONE, columns, side, known, left[domain.name])
    ]
    names = [domain.name for domain in domains]
    return GeneratorTable(
        generators=tuple(names),
        others=tuple(domain.name for domain in others),
        false_alarms=false_alarms,
        side=side,
        seed=seed,
        attributions=tuple(
            _attribution(
                names,
                number,
                [one[level] for one in counts],
                [one[:, level].tolist() if len(one) else [] for one in reals],
                [part._replace(strengths=part.strengths[:, level]) for part in asked],
                false_alarms,
            )
            for level, number in enumerate(numbers)
        ),
        skipped={name: len(found) for name, found in left.items() if found},
    )


def _fingerprints(
    domain: Domain,
    fakes: Sequence[Record],
    numbers: Sequence[int | None],
    side: int,
    known: dict[str, str],
    skipped: list[SkippedImage],
) -> tuple[list[GeneratorFingerprint], list[int]]:
    """Estimate a domain's fingerprint from the first so many of its fakes, for each number; returns how many they were.

    All reals of the train split are taken off each time: they are easily had.
    """
    doing = f"{domain.name}: reading the noise of"
    real, fake = NoiseMean(side), NoiseMean(side)
    for _, noise in noises(of_class(domain, REAL, "train"), side, known, skipped, doing):
        real.add(noise)
    found: list[GeneratorFingerprint] = []
    counts: list[int] = []
    begin = 0
    for number in numbers:
        for _, noise in noises(fakes[begin:number], side, known, skipped, doing):
            fake.add(noise)
        begin = len(fakes) if number is None else number
        for mean, label in ((real, REAL), (fake, FAKE)):
            if mean.count < FEWEST:
                raise UserError(
                    f"{domain.name}: expected at least {FEWEST} {CLASSES[label]} images in the train split that a "
                    f"fingerprint can be estimated from, found {mean.count}"
                    + (f" ({skipped[0].name}: {skipped[0].reason})" if skipped else ""),
                    code=ErrorCode.TOO_FEW_IMAGES,
                )
        found.append(GeneratorFingerprint(fake.mean - real.mean))
        counts.append(fake.count)
    return found, counts


def _held(
    domain: Domain, side: int, known: dict[str, str], left: Mapping[str, list[SkippedImage]]
) -> Iterator[tuple[Record, np.ndarray]]:
    """Yield the reals that a domain's threshold is chosen by."""
    records = of_class(domain, REAL, "validation")
    yield from noises(records, side, known, left[domain.name], f"{domain.name}: asking images held out")


def _asked(
    domain: Domain,
    own: int,
    columns: Sequence[Sequence[GeneratorFingerprint]],
    side: int,
    known: dict[str, str],
    skipped: list[SkippedImage],
) -> Iterator[_Asked]:
    """Measure how strongly the test images of both classes of a domain bear each fingerprint."""
    for label in (FAKE, REAL):
        groups, rows = [], []
        records = of_class(domain, label, "test")
        for record, noise in noises(records, side, known, skipped, f"{domain.name}: attributing"):
            groups.append(record.group)
            rows.append([[one.strength(noise) for one in row] for row in columns])
        if not rows:
            raise UserError(
                f"{domain.name}: has no {CLASSES[label]} images in its test split that can be attributed"
                + (f" ({skipped[0].name}: {skipped[0].reason})" if skipped else ""),
                code=ErrorCode.TOO_FEW_IMAGES,
            )
        yield _Asked(domain.name, label, own if label == FAKE else NONE, groups, np.array(rows))


def _attribution(
    names: Sequence[str],
    number: int | None,
    counts: Sequence[int],
    reals: Sequence[Sequence[float]],
    asked: Sequence[_Asked],
    false_alarms: float,
) -> Attribution:
    """Attribute all test images by the fingerprints of one number of fakes, and each generator's with it left out."""
    thresholds = _thresholds(names, reals, false_alarms)
    named = [attribute(part.strengths, thresholds) for part in asked]
    classes = []
    for part, found in zip(asked, named, strict=True):
        columns = Counter(found.tolist())
        classes.append(
            AttributedClass(
                domain=part.domain,
                label=CLASSES[part.label],
                expected=None if part.own == NONE else names[part.own],
                images=len(found),
                groups=len(set(part.groups)),
                attributed={name: columns[column] for column, name in enumerate(names)},
                right=share(found == part.own, part.groups),
            )
        )
    own = np.concatenate([np.full(len(part.groups), part.own) for part in asked])
    groups = np.array([f"{part.domain}/{group}" for part in asked for group in part.groups])
    found, strongest = np.concatenate(named), np.concatenate([part.strengths.argmax(axis=1) for part in asked])
    return Attribution(
        fakes=number,
        enrolled=dict(zip(names, counts, strict=True)),
        thresholds=dict(zip(names, thresholds.tolist(), strict=True)),
        classes=tuple(classes),
        named=int((found != NONE).sum()),
        right=share((found == own)[found != NONE], groups[found != NONE].tolist()),
        strongest=share((strongest == own)[own != NONE], groups[own != NONE].tolist()),
        left_out=tuple(_left_out(column, names, reals, asked, false_alarms) for column in range(len(names)))
        if len(names) > 1
        else (),
    )


def _left_out(
    column: int, names: Sequence[str], reals: Sequence[Sequence[float]], asked: Sequence[_Asked], false_alarms: float
) -> LeftOutGenerator:
    """Attribute the images of one generator's domain to the others, as if it had never been enrolled."""
    others = [other for other in range(len(names)) if other != column]
    thresholds = np.full(len(names), np.inf)
    thresholds[others] = _thresholds([names[one] for one in others], [reals[one] for one in others], false_alarms)
    rejected = {
        part.label: share(attribute(part.strengths, thresholds) == NONE, part.groups)
        for part in asked
        if part.domain == names[column]
    }
    return LeftOutGenerator(domain=names[column], fakes_rejected=rejected[FAKE], reals_rejected=rejected[REAL])


def _thresholds(names: Sequence[str], reals: Sequence[Sequence[float]], false_alarms: float) -> np.ndarray:
    """Choose the threshold of each generator, which has an equal part of the rate of false alarms."""
    rate = false_alarms / len(names)
    return np.array([allowed_threshold(found, rate, name) for name, found in zip(names, reals, strict=True)])


def _check_differ(domains: Sequence[Domain]) -> None:
    """Raise UserError for a domain that is named twice, and for two of one name."""
    for values, trouble in (
        ([one.origin for one in domains], "is named twice"),
        ([one.name for one in domains], "names two domains; give one a name in a domain file"),
    ):
        twice = next((value for value, count in Counter(values).items() if count > 1), None)
        if twice is not None:
            raise UserError(f"{twice}: {trouble}", code=ErrorCode.DOMAIN_REPEATED)
