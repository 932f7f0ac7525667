"""The verdict on a domain in words, from what an audit has found: clean, careful, or do not use.

Every limit is a constant here, with its reason. Accuracies count by the lower end of their interval, so that a small
domain is not condemned by chance; what is found for certain counts as found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from forensictransfer.auditing.traces.separators import percent
from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.results.metadata_baseline import doubt_text, is_doubtful

CLEAN, CAREFUL, DO_NOT_USE = "clean", "careful", "do not use"

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


def verdict(found: Mapping[str, Any]) -> dict[str, Any]:
    """{"word", "reasons": [{"word", "text"}], "rests_on"} for one domain's findings, the worst reason first."""
    reasons: list[tuple[str, str]] = []
    reasons += _file(found)
    reasons += _tone(found)
    reasons += _copies(found["duplicates"])
    reasons += _labels(found)
    reasons += _unreadable(found)
    reasons += _groups(found["tellings"])
    least = min(found["images"]["real"], found["images"]["fake"])
    if least < FEWEST:
        reasons.append((CAREFUL, f"only {least} images of one class can be read: too few to tell what separates them"))
    elif found["tellings"]["file"]["balanced_accuracy"] is None:
        reasons.append(
            (CAREFUL, "a class stands in a single group: what separates the classes cannot be told from the group")
        )
    return weighed(reasons)


def weighed(reasons: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The worst word of some reasons, and these, the worst first, for JSON."""
    order = (DO_NOT_USE, CAREFUL, CLEAN)
    ranked = sorted(reasons, key=lambda reason: order.index(reason[0]))
    word = ranked[0][0] if ranked else CLEAN
    return {"word": word, "reasons": [{"word": w, "text": t} for w, t in ranked], "rests_on": SEEN}


def _file(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    measured = found["tellings"]["file"]["balanced_accuracy"]
    strongest = _notable(found, "file")
    if measured is not None and is_doubtful(figure := Estimate(**measured)):
        word = DO_NOT_USE if measured["low"] >= FILE_BAD else CAREFUL
        return [(word, doubt_text(figure, "; ".join(_because(one) for one in strongest[:3])))]
    odd = _notable(found, "file", _is_odd)
    return [(CAREFUL, f"reals and fakes differ in {_because(one)}") for one in odd[:3]]


def _is_odd(one: Mapping[str, Any]) -> bool:
    if one["topic"] == "bytes":
        return _surely(one) >= BYTES_ODD
    return _surely(one) >= TRACE_ODD or (_is_value(one) and _strength(one) >= VALUE_ODD)


def _groups(measured: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Worse than chance: what was learned of a photograph in one fold is turned round by its fake in another one."""
    figures = [one["balanced_accuracy"] for one in measured.values() if one["balanced_accuracy"]]
    worst = min(figures, key=lambda figure: figure["high"], default=None)
    if worst is None or worst["high"] >= WORSE_THAN_CHANCE:
        return []
    text = (
        f"the classifier is worse than chance ({accuracy(worst)}): reals and fakes of one photograph seem to stand in "
        "different groups, so its accuracies say nothing; give a group rule (--group)"
    )
    return [(CAREFUL, text)]


def _tone(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    together = found["tellings"]["file_and_tone"]["balanced_accuracy"]
    tone = found["tellings"]["tone"]["balanced_accuracy"]
    strongest = _notable(found, "tone")
    because = f" ({'; '.join(_because(one) for one in strongest[:3])})" if strongest else ""
    if tone is not None and together is not None and tone["low"] >= TONE_ODD:
        word = DO_NOT_USE if tone["low"] >= TONE_BAD else CAREFUL
        text = f"overall tone, sharpness and the 8x8 grid alone tell the classes apart, {accuracy(tone)}{because}"
        return [(word, text)]
    odd = _notable(found, "tone", _is_odd_in_tone)
    return [(CAREFUL, f"reals and fakes differ in {_because(one)}") for one in odd[:2]]


def _is_odd_in_tone(one: Mapping[str, Any]) -> bool:
    # Grey pictures and borders come or do not: like a value of the file, they give away the images that have them.
    either = one["trace"] in ("grey picture", "flat border") and _strength(one) >= VALUE_ODD
    return either or _surely(one) >= TONE_TRACE_ODD


def _copies(copies: Mapping[str, Any]) -> list[tuple[str, str]]:
    reasons = []
    leak, test = copies["across_splits"]["test"], copies["across_splits"]["of_test"]
    rule = f"; --group '{copies['group_rule']}' would keep them together" if copies["group_rule"] else ""
    if test and leak / test >= LEAK_ODD:
        word = DO_NOT_USE if leak / test >= LEAK_BAD else CAREFUL
        reasons.append(
            (word, f"{leak} of {test} test images ({percent(leak / test)}) are copies of images in other splits{rule}")
        )
    elif copies["other_groups"]["images"]:
        share = copies["other_groups"]["images"] / max(copies["images"], 1)
        if share >= COPIES_ODD or copies["across_splits"]["images"]:
            what = f"{copies['other_groups']['images']} images ({percent(share)}) are copies of images of other groups"
            reasons.append((CAREFUL, f"{what}{rule}"))
    return reasons


def _labels(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    labels, n = found["labels"], found["images"]["real"] + found["images"]["fake"]
    share = labels["images"] / max(n, 1)
    if not labels["images"]:
        return []
    evidence = "; ".join(f"{count}: {text}" for text, count in labels["evidence"].items())
    if share < LABELS_ODD and not found["duplicates"]["same_pixels"]["both_labels"]:
        return []
    word = DO_NOT_USE if share >= LABELS_BAD else CAREFUL
    return [(word, f"{labels['images']} labels ({percent(share)}) look wrong ({evidence})")]


def _unreadable(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    bad = len(found["unreadable"])
    share = bad / max(bad + found["images"]["real"] + found["images"]["fake"], 1)
    if share < UNREADABLE_ODD:
        return []
    word = DO_NOT_USE if share >= UNREADABLE_BAD else CAREFUL
    fakes = sum(label == "fake" for _, label, _ in found["unreadable"])
    classes = f"{bad - fakes} real, {fakes} fake"
    return [(word, f"{bad} images ({percent(share)}; {classes}) cannot be read and are left out")]


def pair_verdict(found: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict on two domains as source and target of each other."""
    reasons: list[tuple[str, str]] = []
    names = found["domains"]
    for number in (0, 1):
        moved, test = found["under_other_names"]["test"][number], found["under_other_names"]["of_test"][number]
        if test and moved / test >= LEAK_ODD:
            word = DO_NOT_USE if moved / test >= LEAK_BAD else CAREFUL
            text = (
                f"{moved} of {test} test images of {names[number]} show photographs that {names[1 - number]} has under "
                "other group names: no test drops them"
            )
            reasons.append((word, text))
    groups, moved_all = found["shared_groups"], sum(found["under_other_names"]["images"])
    if found["shared_photographs"]["photographs"]:
        text = (
            f"they share photographs: {groups['show_the_same']} under the same group names, of which tests leave out "
            f"those that a run has seen, and {moved_all} images under others, which stay in"
        )
        reasons.append((CAREFUL, text))
    if groups["show_others"] and groups["show_others"] >= 0.5 * groups["groups"]:
        reasons.append(
            (
                CAREFUL,
                f"{groups['show_others']} groups have the same name in both and show other photographs: tests drop "
                "them for nothing; name the groups otherwise, as with --group path",
            )
        )
    for one in found["transfer"]:
        figure = one["file"]["balanced_accuracy"]
        own = one["own"]["balanced_accuracy"]
        # Where the files of the first say nothing by themselves, what was learned from them is chance, and so is this.
        if figure is not None and own is not None and min(figure["low"], own["low"]) >= FILE_ODD:
            word = DO_NOT_USE if figure["low"] >= FILE_BAD else CAREFUL
            text = f"what tells the files of {one['from']} apart also scores {accuracy(figure)} on those of {one['to']}"
            reasons.append((word, f"{text}, without a pixel"))
    if found["classes_look_swapped"]:
        text = "what is real in one domain looks fake in the other: are the classes of one swapped?"
        reasons.append((DO_NOT_USE, text))
    elif found["opposite_labels"]["opposite"]:
        count = found["opposite_labels"]["opposite"]
        reasons.append((CAREFUL, f"{count} images have the same pixels in both under opposite labels"))
    return weighed(reasons)


def accuracy(figure: Mapping[str, float]) -> str:
    """An accuracy with its interval for people: 93 % [91, 95]."""
    return f"{100 * figure['value']:.0f} % [{100 * figure['low']:.0f}, {100 * figure['high']:.0f}]"


def _notable(
    found: Mapping[str, Any], part: str, wanted: Callable[[Mapping[str, Any]], bool] = lambda one: True
) -> list[Mapping[str, Any]]:
    """The separators of a part that are no chance, and wanted, the strongest of each topic."""
    topics: dict[str, Mapping[str, Any]] = {}
    for one in found["separators"]:
        if one["part"] == part and one["notable"] and wanted(one):
            topics.setdefault(one["topic"], one)
    return list(topics.values())


def _because(one: Mapping[str, Any]) -> str:
    return f"{one['trace']}: {one['words']}"


def _strength(one: Mapping[str, Any]) -> float:
    return max(one["auc"]["value"], 1 - one["auc"]["value"])


def _surely(one: Mapping[str, Any]) -> float:
    return max(one["auc"]["low"], 1 - one["auc"]["high"])


def _is_value(one: Mapping[str, Any]) -> bool:
    return " of reals, " in one["words"]
