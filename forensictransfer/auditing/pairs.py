"""Two domains beside each other: shared photographs, and what a cross-domain number could be made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from forensictransfer.auditing.classifier import Separability, transfer
from forensictransfer.auditing.copies.families import find_families
from forensictransfer.auditing.traces.columns import FILE, TONE
from forensictransfer.auditing.traces.scan import Scan
from forensictransfer.data.records import CLASSES, SPLITS

SWAPPED = 0.2  # accuracy of the other domain's traces below which the classes look swapped
MOST_PAIRS = 10_000


def compare(
    one: Scan, two: Scan, names: Sequence[str], own: Sequence[tuple[Separability, Separability]]
) -> dict[str, Any]:
    """What two domains share, for JSON.

    Args:
        one, two: full scans. names: of the domains.
        own: how well the classes of each are told apart by the traces of the file, and by those of file and tone.
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
    return {
        "domains": list(names),
        "bits": families.bits,
        "shared_photographs": {
            "photographs": int(shared.sum()),
            "images": [int((of_shared & (domains == number)).sum()) for number in (0, 1)],
            "by_split": {
                split: [int((of_shared & (domains == number) & (both.splits == split)).sum()) for number in (0, 1)]
                for split in SPLITS
            },
        },
        # These are dropped from a test by their group, as far as the run has seen them.
        "shared_groups": {
            "groups": len(common),
            "show_the_same": len(alike),
            "show_others": len(common) - len(alike),
            "names": sorted({both.records[row].group for row in np.flatnonzero(np.isin(both.groups, list(common)))}),
        },
        # Nothing drops these: another group, other pixels, and the one in a split that is learned from.
        "under_other_names": {
            "images": [int((moved & (domains == number)).sum()) for number in (0, 1)],
            "test": [int((moved & (domains == number) & (both.splits == "test")).sum()) for number in (0, 1)],
            "of_test": [int(((domains == number) & (both.splits == "test")).sum()) for number in (0, 1)],
        },
        "opposite_labels": exact,
        "transfer": [
            {"from": names[0], "to": names[1], "own": own[0][0].plain(), **_transfers(one, two)},
            {"from": names[1], "to": names[0], "own": own[1][0].plain(), **_transfers(two, one)},
        ],
        "classes_look_swapped": _swapped(one, two, [separability for _, separability in own]) or _mostly(exact),
        "pairs": pairs[:MOST_PAIRS],
        "pairs_left_out": max(0, len(pairs) - MOST_PAIRS),
    }


def _joined(one: Scan, two: Scan) -> Scan:
    """Both scans as one, without their traces; groups of one name get one number."""
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
    """Images whose photograph stands in the other domain, but not under their group."""
    return np.array(
        [
            bool(shared[f]) and (int(f), int(g)) not in held[1 - d]
            for f, g, d in zip(family, both.groups, domains, strict=True)
        ],
        bool,
    )


def _opposite(both: Scan, domains: np.ndarray, exact: np.ndarray) -> dict[str, Any]:
    """Pixels that stand in both domains: how many images of the second one, and how many under another label alone."""
    labels: list[dict[int, set[int]]] = [{}, {}]
    for number, pixels, label in zip(domains, exact, both.labels, strict=True):
        labels[number].setdefault(int(pixels), set()).add(int(label))
    common = labels[0].keys() & labels[1].keys()
    against = {pixels for pixels in common if not labels[0][pixels] & labels[1][pixels]}
    rows = [row for row in np.flatnonzero(domains == 1) if int(exact[row]) in against]
    return {
        "same_pixels": len(common),
        "opposite": len(against),
        "images": [{"image": both.records[row].name, "class": CLASSES[both.labels[row]]} for row in rows[:1000]],
    }


def _mostly(exact: dict[str, Any]) -> bool:
    return exact["same_pixels"] >= 10 and exact["opposite"] > 0.8 * exact["same_pixels"]


def _transfers(source: Scan, target: Scan) -> dict[str, Any]:
    return {
        "file": transfer(source, target, (FILE,)).plain(),
        "file_and_tone": transfer(source, target, (FILE, TONE)).plain(),
    }


def _swapped(one: Scan, two: Scan, own: Sequence[Separability]) -> bool:
    """Whether each domain's traces tell its own classes apart and those of the other the wrong way round."""
    if any(separability.accuracy is None or separability.accuracy.low < 0.75 for separability in own):
        return False
    there, back = transfer(one, two, (FILE, TONE)).accuracy, transfer(two, one, (FILE, TONE)).accuracy
    return there is not None and back is not None and max(there.high, back.high) < SWAPPED


def _pairs(both: Scan, domains: np.ndarray, families: Any, names: Sequence[str]) -> list[dict[str, Any]]:
    found = []
    for (a, b), similarity, mirrored in zip(families.pairs, families.similarity, families.mirrored, strict=True):
        if domains[a] == domains[b]:
            continue
        a, b = (a, b) if domains[a] == 0 else (b, a)
        one, two = both.records[a], both.records[b]
        found.append(
            {
                "images": [f"{names[0]}/{one.name}", f"{names[1]}/{two.name}"],
                "splits": [one.split, two.split],
                "classes": [CLASSES[one.label], CLASSES[two.label]],
                "same_group": one.group == two.group,
                "same_pixels": bool(similarity == 1),
                "similarity": round(float(similarity), 3),
                "mirrored": bool(mirrored),
            }
        )
    return sorted(found, key=lambda pair: (pair["same_group"], -pair["similarity"], pair["images"]))
