"""Two domains beside each other: shared photographs, and what a cross-domain number could be made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from forensictransfer.auditing.classifier import transfer
from forensictransfer.auditing.copies.families import Families, find_families
from forensictransfer.auditing.traces.columns import FILE, TONE
from forensictransfer.auditing.traces.scan import Scan
from forensictransfer.data.records import CLASSES, SPLITS
from forensictransfer.results.formats.audit import NamedImage, Separabilities, Separability
from forensictransfer.results.formats.audits import (
    OppositeLabels,
    PairFindings,
    SharedGroups,
    SharedPair,
    SharedPhotographs,
    TraceTransfer,
    UnderOtherNames,
)

SWAPPED = 0.2  # accuracy of the other domain's traces below which the classes look swapped
MOST_PAIRS = 10_000


def compare(one: Scan, two: Scan, names: tuple[str, str], own: Sequence[Separabilities]) -> PairFindings:
    """Find what two domains share.

    Args:
        one, two: full scans. names: of the domains.
        own: how well the classes of each are told apart by its traces.
    """
    both = _joined(one, two)
    domains = np.repeat([0, 1], [len(one), len(two)])
    families = find_families(both.hashes, both.thumbs, both.pixels, both.groups, domains, both.labels)
    held = np.zeros((2, int(families.family.max(initial=-1)) + 1), bool)
    held[domains, families.family] = True
    shared = np.asarray(held.all(axis=0))
    of_shared = shared[families.family]
    groups = [set(both.groups[domains == number].tolist()) for number in (0, 1)]
    common = groups[0] & groups[1]
    seen = [_families_and_groups(both, domains == number, families.family) for number in (0, 1)]
    alike = {group for _, group in seen[0] & seen[1]}
    moved = _other_names(both, domains, families.family, shared, seen)
    exact = _opposite(both, domains, families.exact)
    pairs = _pairs(both, domains, families, names)
    named = {both.records[row].group for row in np.flatnonzero(np.isin(both.groups, list(common)))}
    ways = _transfer(one, two, names, own[0].file), _transfer(two, one, (names[1], names[0]), own[1].file)
    test = both.splits == "test"

    def of_each(rows: np.ndarray) -> tuple[int, int]:
        return int((rows & (domains == 0)).sum()), int((rows & (domains == 1)).sum())

    return PairFindings(
        domains=names,
        bits=families.bits,
        shared_photographs=SharedPhotographs(
            photographs=int(shared.sum()),
            images=of_each(of_shared),
            by_split={split: of_each(of_shared & (both.splits == split)) for split in SPLITS},
        ),
        # These are dropped from a test by their group, as far as the run has seen them.
        shared_groups=SharedGroups(
            groups=len(common),
            show_the_same=len(alike),
            show_others=len(common) - len(alike),
            names=tuple(sorted(named)),
        ),
        # Nothing drops these: another group, other pixels, and the one in a split that is learned from.
        under_other_names=UnderOtherNames(images=of_each(moved), test=of_each(moved & test), of_test=of_each(test)),
        opposite_labels=exact,
        transfer=ways,
        classes_look_swapped=_swapped(ways, [told.file_and_tone for told in own]) or _mostly(exact),
        pairs=tuple(pairs[:MOST_PAIRS]),
        pairs_left_out=max(0, len(pairs) - MOST_PAIRS),
    )


def _joined(one: Scan, two: Scan) -> Scan:
    """Join both scans as one, without their traces; groups of one name get one number."""
    records = (*one.records, *two.records)
    names = np.array([record.group for record in records], object)

    def rows(field: str) -> np.ndarray:
        return np.concatenate([getattr(one, field), getattr(two, field)])

    return replace(
        one,
        records=records,
        columns={},
        levels={},
        groups=np.unique(names, return_inverse=True)[1].astype(np.int32),
        labels=rows("labels"),
        files=rows("files"),
        pixels=rows("pixels"),
        hashes=rows("hashes"),
        thumbs=rows("thumbs"),
    )


def _families_and_groups(both: Scan, rows: np.ndarray, family: np.ndarray) -> set[tuple[int, int]]:
    return set(zip(family[rows].tolist(), both.groups[rows].tolist(), strict=True))


def _other_names(
    both: Scan, domains: np.ndarray, family: np.ndarray, shared: np.ndarray, held: Sequence[set[tuple[int, int]]]
) -> np.ndarray:
    """Find the images whose photograph stands in the other domain, but not under their group."""
    return np.array(
        [
            bool(shared[f]) and (int(f), int(g)) not in held[1 - d]
            for f, g, d in zip(family, both.groups, domains, strict=True)
        ],
        bool,
    )


def _opposite(both: Scan, domains: np.ndarray, exact: np.ndarray) -> OppositeLabels:
    """Count the pixels that both domains hold, and list the images of the second one under another label alone."""
    labels: list[dict[int, set[int]]] = [{}, {}]
    for number, pixels, label in zip(domains, exact, both.labels, strict=True):
        labels[number].setdefault(int(pixels), set()).add(int(label))
    common = labels[0].keys() & labels[1].keys()
    against = {pixels for pixels in common if not labels[0][pixels] & labels[1][pixels]}
    rows = [row for row in np.flatnonzero(domains == 1) if int(exact[row]) in against]
    return OppositeLabels(
        same_pixels=len(common),
        opposite=len(against),
        images=tuple(NamedImage(image=both.records[row].name, label=CLASSES[both.labels[row]]) for row in rows[:1000]),
    )


def _mostly(exact: OppositeLabels) -> bool:
    return exact.same_pixels >= 10 and exact.opposite > 0.8 * exact.same_pixels


def _transfer(source: Scan, target: Scan, names: tuple[str, str], own: Separability) -> TraceTransfer:
    return TraceTransfer(
        source=names[0],
        target=names[1],
        own=own,
        file=transfer(source, target, (FILE,)),
        file_and_tone=transfer(source, target, (FILE, TONE)),
    )


def _swapped(ways: Sequence[TraceTransfer], own: Sequence[Separability]) -> bool:
    """Tell whether each domain's traces tell its own classes apart and those of the other the wrong way round."""
    if any(told.balanced_accuracy is None or told.balanced_accuracy.lowest < 0.75 for told in own):
        return False
    accuracies = [way.file_and_tone.balanced_accuracy for way in ways]
    return all(accuracy is not None and accuracy.highest < SWAPPED for accuracy in accuracies)


def _pairs(both: Scan, domains: np.ndarray, families: Families, names: tuple[str, str]) -> list[SharedPair]:
    found = []
    for (a, b), similarity, mirrored in zip(families.pairs, families.similarity, families.mirrored, strict=True):
        if domains[a] == domains[b]:
            continue
        a, b = (a, b) if domains[a] == 0 else (b, a)
        one, two = both.records[a], both.records[b]
        found.append(
            SharedPair(
                images=(f"{names[0]}/{one.name}", f"{names[1]}/{two.name}"),
                splits=(one.split, two.split),
                classes=(CLASSES[one.label], CLASSES[two.label]),
                same_group=one.group == two.group,
                same_pixels=bool(similarity == 1),
                similarity=round(float(similarity), 3),
                mirrored=bool(mirrored),
            )
        )
    return sorted(found, key=lambda pair: (pair.same_group, -pair.similarity, pair.images))
