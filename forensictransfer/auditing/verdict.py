"""The verdict on a domain in words, from what an audit has found: clean, careful, or do not use.

Every limit is a constant here, with its reason. Accuracies count by the lower end of their interval, so that a small
domain is not condemned by chance; what is found for certain counts as found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from forensictransfer.auditing.traces.separators import percent
from forensictransfer.results.formats.audit import (
    CAREFUL,
    CLEAN,
    DO_NOT_USE,
    Copies,
    DomainFindings,
    Reason,
    Separabilities,
    Separator,
    Verdict,
    Word,
)
from forensictransfer.results.formats.audits import PairFindings
from forensictransfer.results.metadata_baseline import doubt_text, is_doubtful
from forensictransfer.results.numbers import accuracy

# A detector that never looks at a pixel. Three in four right: no accuracy on such a domain says anything on forgeries.
FILE_BAD = 0.75
# What the files of one domain say of another one's: surely better than chance.
FILE_ODD = 0.55
# One trace of the file alone: an AUC that is surely above this one (0.5 is chance).
TRACE_ODD = 0.58
# The bytes that a picture takes, at one quality, tell how smooth it is: a forgery may well change that.
BYTES_ODD = 0.65
# A format, a size or metadata that is commoner in one class by so much is a giveaway for these images at least.
VALUE_ODD = 0.525
# With brightness, colour, sharpness and grid. Real domains without any known confound reach 0.60 to 0.68: some of it is
# what the forgery does to the picture. Nine in ten right: an accuracy may be made of that alone.
TONE_BAD, TONE_ODD = 0.90, 0.65
TONE_TRACE_ODD = 0.70
# Test images with a copy of another group in another split: they are recognised, not judged.
LEAK_BAD, LEAK_ODD = 0.05, 0.005
# Images whose label is contradicted by evidence: they bound the accuracy that can be measured.
LABELS_BAD, LABELS_ODD = 0.05, 0.002
# Images that cannot be read: training and test leave them out, and if these are of one class the balance is gone.
UNREADABLE_BAD, UNREADABLE_ODD = 0.20, 0.01
# Images that are copies of others of another group: fewer photographs than it seems, intervals too narrow.
COPIES_ODD = 0.01
# An accuracy that is surely below this one is no chance.
WORSE_THAN_CHANCE = 0.45
FEWEST = 30  # images of either class; with fewer nothing can be said either way

SEEN = (
    "It rests on headers, file sizes, overall tone and copies. It cannot see what a forgery changes in the picture, "
    "differences of content (backgrounds, people, cameras), small marks, or copies that were turned, or cut by more "
    "than a twentieth of a side."
)


def verdict(found: DomainFindings) -> Verdict:
    """Judge one domain by its findings; the worst reason comes first."""
    reasons = [
        *_file(found),
        *_tone(found),
        *_copies(found.duplicates),
        *_labels(found),
        *_unreadable(found),
        *_groups(found.separabilities),
    ]
    least = min(found.images.real, found.images.fake)
    if least < FEWEST:
        text = f"only {least} images of one class can be read: too few to tell what separates them"
        reasons.append(Reason(word=CAREFUL, text=text))
    elif found.separabilities.file.balanced_accuracy is None:
        text = "a class stands in a single group: what separates the classes cannot be told from the group"
        reasons.append(Reason(word=CAREFUL, text=text))
    return weighed(reasons)


def weighed(reasons: Sequence[Reason]) -> Verdict:
    """Take the worst word of some reasons, and put these in order, the worst first."""
    order = (DO_NOT_USE, CAREFUL, CLEAN)
    ranked = sorted(reasons, key=lambda reason: order.index(reason.word))
    return Verdict(word=ranked[0].word if ranked else CLEAN, reasons=tuple(ranked), rests_on=SEEN)


def _file(found: DomainFindings) -> list[Reason]:
    measured = found.separabilities.file.balanced_accuracy
    if measured is not None and is_doubtful(measured):
        strongest = _notable(found, "file")
        because = "; ".join(_because(one) for one in strongest[:3])
        return [Reason(word=_worse(measured.lowest >= FILE_BAD), text=doubt_text(measured, because))]
    odd = _notable(found, "file", _is_odd)
    return [Reason(word=CAREFUL, text=f"reals and fakes differ in {_because(one)}") for one in odd[:3]]


def _worse(bad: bool) -> Word:
    return DO_NOT_USE if bad else CAREFUL


def _is_odd(one: Separator) -> bool:
    if one.topic == "bytes":
        return one.surely >= BYTES_ODD
    return one.surely >= TRACE_ODD or (_is_value(one) and one.strength >= VALUE_ODD)


def _groups(measured: Separabilities) -> list[Reason]:
    """List a reason where figures are worse than chance.

    What was learned of a photograph in one fold is then reversed by its fake in another one.
    """
    figures = [one.balanced_accuracy for one in measured.all if one.balanced_accuracy is not None]
    worst = min(figures, key=lambda figure: figure.highest, default=None)
    if worst is None or worst.highest >= WORSE_THAN_CHANCE:
        return []
    text = (
        f"the classifier is worse than chance ({accuracy(worst)}): reals and fakes of one photograph seem to stand in "
        "different groups, so its accuracies say nothing; give a group rule (--group)"
    )
    return [Reason(word=CAREFUL, text=text)]


def _tone(found: DomainFindings) -> list[Reason]:
    together = found.separabilities.file_and_tone.balanced_accuracy
    tone = found.separabilities.tone.balanced_accuracy
    if tone is not None and together is not None and tone.lowest >= TONE_ODD:
        strongest = _notable(found, "tone")
        because = f" ({'; '.join(_because(one) for one in strongest[:3])})" if strongest else ""
        text = f"overall tone, sharpness and the 8x8 grid alone tell the classes apart, {accuracy(tone)}{because}"
        return [Reason(word=_worse(tone.lowest >= TONE_BAD), text=text)]
    odd = _notable(found, "tone", _is_odd_in_tone)
    return [Reason(word=CAREFUL, text=f"reals and fakes differ in {_because(one)}") for one in odd[:2]]


def _is_odd_in_tone(one: Separator) -> bool:
    # Grey pictures and borders come or do not: like a value of the file, they give away the images that have them.
    either = one.trace in ("grey picture", "flat border") and one.strength >= VALUE_ODD
    return either or one.surely >= TONE_TRACE_ODD


def _copies(copies: Copies) -> list[Reason]:
    leak, test, other = copies.across_splits.test, copies.across_splits.of_test, copies.other_groups.images
    rule = f"; --group '{copies.group_rule}' would keep them together" if copies.group_rule else ""
    if test and leak / test >= LEAK_ODD:
        text = f"{leak} of {test} test images ({percent(leak / test)}) are copies of images in other splits{rule}"
        return [Reason(word=_worse(leak / test >= LEAK_BAD), text=text)]
    share = other / max(copies.images, 1)
    if other and (share >= COPIES_ODD or copies.across_splits.images):
        return [
            Reason(word=CAREFUL, text=f"{other} images ({percent(share)}) are copies of images of other groups{rule}")
        ]
    return []


def _labels(found: DomainFindings) -> list[Reason]:
    labels = found.labels
    share = labels.images / max(found.images.images, 1)
    if not labels.images or (share < LABELS_ODD and not found.duplicates.same_pixels.both_labels):
        return []
    evidence = "; ".join(f"{count}: {text}" for text, count in labels.evidence.items())
    text = f"{labels.images} labels ({percent(share)}) look wrong ({evidence})"
    return [Reason(word=_worse(share >= LABELS_BAD), text=text)]


def _unreadable(found: DomainFindings) -> list[Reason]:
    bad = len(found.unreadable)
    share = bad / max(bad + found.images.images, 1)
    if share < UNREADABLE_ODD:
        return []
    fakes = sum(label == "fake" for _, label, _ in found.unreadable)
    classes = f"{bad - fakes} real, {fakes} fake"
    text = f"{bad} images ({percent(share)}; {classes}) cannot be read and are left out"
    return [Reason(word=_worse(share >= UNREADABLE_BAD), text=text)]


def pair_verdict(found: PairFindings) -> Verdict:
    """Judge two domains as source and target of each other."""
    reasons: list[Reason] = []
    for number in (0, 1):
        moved, test = found.under_other_names.test[number], found.under_other_names.of_test[number]
        if test and moved / test >= LEAK_ODD:
            text = (
                f"{moved} of {test} test images of {found.domains[number]} show photographs that "
                f"{found.domains[1 - number]} has under other group names: no test drops them"
            )
            reasons.append(Reason(word=_worse(moved / test >= LEAK_BAD), text=text))
    groups, moved_all = found.shared_groups, sum(found.under_other_names.images)
    if found.shared_photographs.photographs:
        text = (
            f"they share photographs: {groups.show_the_same} under the same group names, of which tests leave out "
            f"those that a run has seen, and {moved_all} images under others, which stay in"
        )
        reasons.append(Reason(word=CAREFUL, text=text))
    if groups.show_others and groups.show_others >= 0.5 * groups.groups:
        text = (
            f"{groups.show_others} groups have the same name in both and show other photographs: tests drop "
            "them for nothing; name the groups otherwise, as with --group path"
        )
        reasons.append(Reason(word=CAREFUL, text=text))
    for one in found.transfer:
        figure, own = one.file.balanced_accuracy, one.own.balanced_accuracy
        # Where the files of the first say nothing by themselves, what was learned from them is chance, and so is this.
        if figure is not None and own is not None and min(figure.lowest, own.lowest) >= FILE_ODD:
            text = f"what tells the files of {one.source} apart also scores {accuracy(figure)} on those of {one.target}"
            reasons.append(Reason(word=_worse(figure.lowest >= FILE_BAD), text=f"{text}, without a pixel"))
    if found.classes_look_swapped:
        text = "what is real in one domain looks fake in the other: are the classes of one swapped?"
        reasons.append(Reason(word=DO_NOT_USE, text=text))
    elif found.opposite_labels.opposite:
        count = found.opposite_labels.opposite
        text = f"{count} images have the same pixels in both under opposite labels"
        reasons.append(Reason(word=CAREFUL, text=text))
    return weighed(reasons)


def _notable(
    found: DomainFindings, part: str, wanted: Callable[[Separator], bool] = lambda one: True
) -> list[Separator]:
    """Choose the separators of a part that are no chance, and wanted, the strongest of each topic."""
    topics: dict[str, Separator] = {}
    for one in found.separators:
        if one.part == part and one.notable and wanted(one):
            topics.setdefault(one.topic, one)
    return list(topics.values())


def _because(one: Separator) -> str:
    return f"{one.trace}: {one.words}"


def _is_value(one: Separator) -> bool:
    return " of reals, " in one.words
