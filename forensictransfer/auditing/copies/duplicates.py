"""What copies mean for a domain: the same photograph in two groups, two splits, under both labels.

A fake and the photograph that it was made of are alike and belong to one group; that is as it should be. What counts is
an image whose copy stands in another group: the split by group may then put the photograph into train and test.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from forensictransfer.auditing.copies.families import Families
from forensictransfer.auditing.traces.scan import Scan
from forensictransfer.data.records import CLASSES
from forensictransfer.results.formats.audit import AcrossSplits, Copies, CopyPair, OtherGroups, SamePixels

MOST_PAIRS = 10_000  # of copies, listed by name
JOINED = 0.8  # share of the copies in different groups that a group rule must join to be suggested
LARGEST_GROUP = 0.2  # of all images: a rule that makes larger groups says little

# Group rules that are tried: what to search in a path. Data sets name frames and versions of one photograph so.
_RULES = (
    r"(\d+)\.[^./]+$",
    r"([^/]+?)[-_ .][^-_ ./]*\.[^./]+$",
    r"([^/]+?)[-_ .]?\d+\.[^./]+$",
    r"([^-_ ./]+)[^/]*$",
    r"(\d+)[^/]*$",
    r"[^/]+/([^/]+)/[^/]+$",
)


def duplicates(scan: Scan, families: Families) -> Copies:
    """Count the copies within one domain, by kind, and list the pairs by name."""
    family, n = families.family, len(scan)
    copies = _counts(family)
    exact_copies = _counts(families.exact)
    groups = _distinct(family, scan.groups)[family]
    splits = _distinct(family, _codes(scan.splits))[family]
    labels = _distinct(family, scan.labels.astype(int))[family]
    exact_groups = _distinct(families.exact, scan.groups)[families.exact]
    both_labels = _distinct(families.exact, scan.labels.astype(int))[families.exact] > 1
    test = scan.splits == "test"
    leaking = test & (splits > 1)
    pairs = _pairs(scan, families)
    return Copies(
        images=n,
        bits=families.bits,
        same_pixels=SamePixels(
            images=int((exact_copies > 1).sum()),
            in_other_groups=int((exact_groups > 1).sum()),
            both_labels=int(both_labels.sum()),
        ),
        other_groups=OtherGroups(
            images=int((groups > 1).sum()),
            photographs=len(np.unique(family[groups > 1])),
            mirrored=int(families.mirrored.sum()),
            both_classes=int(((groups > 1) & (labels > 1)).sum()),
        ),
        across_splits=AcrossSplits(images=int((splits > 1).sum()), test=int(leaking.sum()), of_test=int(test.sum())),
        largest=int(copies.max(initial=0)),
        group_rule=_suggested_rule(scan, families),
        pairs=tuple(pairs[:MOST_PAIRS]),
        pairs_left_out=max(0, len(pairs) - MOST_PAIRS),
    )


def _pairs(scan: Scan, families: Families) -> list[CopyPair]:
    """List pairs of different groups, or of the same pixels under both labels; what crosses splits first."""
    found = []
    for (a, b), similarity, mirrored in zip(families.pairs, families.similarity, families.mirrored, strict=True):
        one, two = scan.records[a], scan.records[b]
        if one.group == two.group and (one.label == two.label or similarity < 1):
            continue
        found.append(
            CopyPair(
                images=(one.name, two.name),
                splits=(one.split, two.split),
                classes=(CLASSES[one.label], CLASSES[two.label]),
                same_pixels=bool(similarity == 1),
                similarity=round(float(similarity), 3),
                mirrored=bool(mirrored),
            )
        )
    return sorted(found, key=lambda pair: (pair.splits[0] == pair.splits[1], -pair.similarity, pair.images))


def _suggested_rule(scan: Scan, families: Families) -> str | None:
    """Find the group rule that joins most copies of different groups, if it joins enough of them and not everything."""
    a, b = families.pairs.T if len(families.pairs) else (np.zeros(0, int), np.zeros(0, int))
    apart = scan.groups[a] != scan.groups[b]
    pairs = list(zip(a[apart], b[apart], strict=True))
    if len(pairs) < 3:
        return None
    names = [record.name for record in scan.records]
    best: tuple[int, str] | None = None
    for rule in _RULES:
        groups = grouped(names, rule)
        if groups is None:
            continue
        joined = sum(groups[i] == groups[j] for i, j in pairs) / len(pairs)
        counts = np.unique(np.array(groups, object), return_counts=True)[1]
        if (
            joined >= JOINED
            and counts.max() <= max(LARGEST_GROUP * len(names), 4)
            and (best is None or len(counts) > best[0])
        ):
            best = len(counts), rule
    return best[1] if best else None


def grouped(names: Sequence[str], rule: str) -> list[str] | None:
    """Find the group of each path by a regular expression with one bracket; None where a path has none."""
    expression = re.compile(rule)
    found = [expression.search(name) for name in names]
    return [one.group(1) for one in found if one] if all(found) else None


def _counts(numbers: np.ndarray) -> np.ndarray:
    """Count how often the number of each image occurs, (n,)."""
    return np.bincount(numbers)[numbers] if len(numbers) else np.zeros(0, int)


def _distinct(families: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Count how many distinct values (not negative) each family has, by its number."""
    if not len(families):
        return np.zeros(0, int)
    pairs = np.unique(np.stack([families, values], axis=1), axis=0)
    return np.bincount(pairs[:, 0], minlength=int(families.max()) + 1)


def _codes(values: np.ndarray) -> np.ndarray:
    return np.unique(values, return_inverse=True)[1] if len(values) else np.zeros(0, int)
