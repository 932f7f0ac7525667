"""Labels that look swapped. Nothing is accused without evidence, and the evidence is named.

Evidence of four kinds: the same pixels under both labels; a name that says the other class; a name made like those of
the other class, where names tell the classes apart; and file traces of the other class, where these tell the classes
apart (out-of-sample probabilities that contradict the label, as in C. G. Northcutt and others, "Confident Learning:
Estimating Uncertainty in Dataset Labels", 2021). Tone is no evidence: it never tells classes apart that clearly.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import PurePosixPath

import numpy as np

from forensictransfer.auditing.classifier import encoded, out_of_fold, varying
from forensictransfer.auditing.copies.families import Families
from forensictransfer.auditing.intervals import balanced_accuracy
from forensictransfer.auditing.traces.columns import FILE, TRACES
from forensictransfer.auditing.traces.scan import Scan
from forensictransfer.data.folders.layout import SPLIT_FOLDERS
from forensictransfer.data.records import CLASS_FOLDERS, CLASSES
from forensictransfer.results.formats.audit import OddLabel, OddLabels

STRONG = 0.75  # least balanced accuracy of traces or names that may speak against a label
CONFIDENT = 0.35  # the most that such evidence may leave to the label given
UNCLEAR = 0.02  # share of the others that may be called wrongly: where classes overlap, an outlier is no mistake
EACH_WAY = 3  # images of either class that traces must speak against: some reals may well be made as all fakes are
MOST_LISTED = 1000

_REAL = r"real|reals|original|originals|authentic|pristine|genuine"
_FAKE = r"fake|fakes|forged|tampered|manipulated|generated|synthetic|deepfake|spliced|faceswap"
_WORDS = tuple(re.compile(rf"(?<![a-z])(?:{words})(?![a-z])", re.IGNORECASE) for words in (_REAL, _FAKE))


def suspicious_labels(scan: Scan, families: Families) -> OddLabels:
    """Find the images whose label some evidence speaks against: counts by evidence, and the images with it."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    classes = np.unique(np.stack([families.exact, scan.labels], axis=1), axis=0)[:, 0]
    for row in np.flatnonzero(np.bincount(classes)[families.exact] > 1).tolist():
        found[row].append("the same pixels stand under both labels")
    for row, word in _contradicting_names(scan):
        found[row].append(f"its name says '{word}'")
    for row in _misnamed(scan):
        found[row].append("its name is made like those of the other class")
    for row in _made_otherwise(scan):
        found[row].append("its file is made like those of the other class")
    # What several kinds of evidence speak against is the likeliest, so it comes first.
    order = sorted(found, key=lambda row: (-len(found[row]), scan.records[row].name))
    counts: defaultdict[str, int] = defaultdict(int)
    for evidence in found.values():
        for text in evidence:
            counts[re.sub("'.*'", "the other class", text)] += 1
    return OddLabels(
        images=len(found),
        real=int(sum(scan.labels[row] == 0 for row in found)),
        fake=int(sum(scan.labels[row] == 1 for row in found)),
        evidence=dict(counts),
        listed=tuple(
            OddLabel(image=scan.records[row].name, label=CLASSES[scan.labels[row]], evidence=tuple(found[row]))
            for row in order[:MOST_LISTED]
        ),
    )


def _contradicting_names(scan: Scan) -> list[tuple[int, str]]:
    """Find the rows of images whose names say the other class, and the word that does.

    Where most of one class says so and the other class does not, the word belongs to how all are named.
    """
    found: list[list[tuple[int, str]]] = [[], []]
    for row, record in enumerate(scan.records):
        said = [expression.search(_own_part(record.name)) for expression in _WORDS]
        word = said[1 - record.label]
        if word and not said[record.label]:
            found[record.label].append((row, word.group()))
    most = [2 * len(found[label]) > int((scan.labels == label).sum()) for label in (0, 1)]
    return [one for label in (0, 1) if most[0] == most[1] or not most[label] for one in found[label]]


def _misnamed(scan: Scan) -> list[int]:
    """Find images whose names are made like those of the other class, where names tell the classes apart."""
    if not len(scan):
        return []
    values, kinds = _name_features([_own_part(record.name) for record in scan.records])
    # Each name by itself: a photograph and its fake are named alike, which is no reason to keep them together here.
    if min((scan.labels == label).sum() for label in (0, 1)) < 20 or bool((values == values[0]).all()):
        return []
    return _told_apart(values, kinds, scan.labels, np.arange(len(scan)))


def _name_features(names: list[str]) -> tuple[np.ndarray, list[bool]]:
    """Describe how names are made, not what they count.

    These are lengths by kind of character, words at the start and the end.
    """
    words: list[dict[str, int]] = [{}, {}]
    rows = []
    for name in names:
        stem = PurePosixPath(name).stem
        parts = re.findall(r"[A-Za-z]+", stem)
        ends = (parts[0] if parts else "", parts[-1] if parts else "")
        codes = [known.setdefault(word.lower()[:12], len(known)) for known, word in zip(words, ends, strict=True)]
        kinds = [sum(test(character) for character in stem) for test in (str.isdigit, str.isupper, str.islower)]
        rows.append([len(stem), *kinds, len(stem) - sum(kinds), stem[:1].isdigit(), name.count("/"), *codes])
    values = np.array(rows, np.float32)
    for column in (7, 8):
        # Words that are all different say nothing; the commonest are told apart.
        counts = np.bincount(values[:, column].astype(int))
        rank = np.minimum(np.argsort(np.argsort(-counts, kind="stable"), kind="stable"), 60)
        values[:, column] = np.where(counts > 1, rank, 60)[values[:, column].astype(int)]
    return values, [False] * 7 + [True] * 2


def _made_otherwise(scan: Scan) -> list[int]:
    """Find the rows of images whose files are made like those of the other class.

    Bytes are left out, which depend on the picture.
    """
    topics = {trace.name: trace.topic for trace in TRACES}
    names = [name for name in varying(scan, (FILE,)) if topics[name] != "bytes"]
    if not names:
        return []
    rows = _told_apart(*encoded(scan, names), scan.labels, scan.groups)
    return rows if min(np.bincount(scan.labels[rows], minlength=2)) >= EACH_WAY else []


def _told_apart(values: np.ndarray, kinds: list[bool], labels: np.ndarray, groups: np.ndarray) -> list[int]:
    """Find the rows that are surely of the other class, where values tell the classes apart; none where they do not."""
    found = out_of_fold(values, kinds, labels, groups)
    rows = found.rows
    if found.folds is None:
        return []
    called = (found.probabilities[rows] > 0.5).astype(int)
    if balanced_accuracy(called, labels[rows], groups[rows]).value < STRONG:
        return []
    return _confident(found.probabilities, labels)


def _confident(probabilities: np.ndarray, labels: np.ndarray) -> list[int]:
    """Find the rows that are surely of the other class, where hardly any others are in doubt."""
    own = np.where(labels == 1, probabilities, 1 - probabilities)
    against = own < CONFIDENT
    if not against.any() or (own[~against] <= 0.5).mean() > UNCLEAR:
        return []
    return [int(row) for row in np.flatnonzero(against)]


def _own_part(name: str) -> str:
    """Return a name without the folders that say split and class, and without its suffix."""
    parts = list(PurePosixPath(name).parts)
    if len(parts) > 1 and parts[0].lower() in SPLIT_FOLDERS:
        parts = parts[1:]
    if len(parts) > 1 and parts[0].lower() in CLASS_FOLDERS:
        parts = parts[1:]
    return PurePosixPath(*parts).with_suffix("").as_posix()
