"""An audit for people: what `forensictransfer audit` prints, in lines of at most 100 columns where names allow it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

from forensictransfer.auditing.traces.separators import percent
from forensictransfer.core.visible import visible, visible_lines
from forensictransfer.results.formats.audit import (
    DO_NOT_USE,
    Copies,
    CopyPair,
    DomainAudit,
    OddLabels,
    Separability,
    Verdict,
)
from forensictransfer.results.formats.audits import Audit, Equalisation, EqualisedAudit, PairAudit, SharedPair
from forensictransfer.results.numbers import UNTOLD, accuracy

WIDTH = 100
SHOWN = 8  # separators, pairs, names
WORTH = 0.55  # strength from which a separator is shown

LIMITS = (
    "What equalising cannot do: an image that was a JPEG before is now one twice, which forensics can tell from once; "
    "blur, tone, scale and content stay as they are; copies and odd labels are not touched; and results on the "
    "equalised domain say nothing of uncompressed or finer compressed forgeries."
)


def audit_text(audit: Audit) -> str:
    """Write the whole audit as text."""
    parts = [line for found in audit.domains for line in [*domain_lines(found), ""]]
    if audit.pair is not None:
        parts += [*pair_lines(audit.pair), ""]
    if isinstance(audit, EqualisedAudit):
        parts += [*equalised_lines(audit.domains[0], audit.equalisation), ""]
    return visible_lines("\n".join(parts[:-1]))


def is_condemned(audit: Audit) -> bool:
    """Tell whether a verdict of the audit, on a domain or on the two together, is `do not use`."""
    verdicts = [found.verdict for found in audit.domains] + ([audit.pair.verdict] if audit.pair is not None else [])
    return any(verdict.word == DO_NOT_USE for verdict in verdicts)


def domain_lines(found: DomainAudit) -> list[str]:
    """Describe one domain: counts, verdict with reasons, separators, copies, labels, what could not be read."""
    n = found.images
    lines = [
        visible(f"{found.name} ({found.origin})"),
        f"{n.real} real + {n.fake} fake images in {n.groups} groups ({found.group}); "
        f"{len(found.unreadable)} unreadable",
        "",
        *_verdict_lines(found.verdict),
        "",
        *_accuracy_lines(found),
        "",
        *_separator_lines(found),
        "",
        *_copy_lines(found.duplicates),
        *_label_lines(found.labels),
        *_unreadable_lines(found),
    ]
    return lines + [line for note in found.notes for line in _wrapped(f"note: {note}")]


def pair_lines(pair: PairAudit) -> list[str]:
    """Describe what two domains share."""
    one, two = pair.domains
    shared, groups, moved = pair.shared_photographs, pair.shared_groups, pair.under_other_names
    lines = [f"{one} and {two}", "", *_verdict_lines(pair.verdict), ""]
    lines += _wrapped(
        f"shared photographs: {shared.photographs} ({shared.images[0]} images of {one}, {shared.images[1]} of "
        f"{two}); by split: "
        + ", ".join(f"{split} {counts[0]} and {counts[1]}" for split, counts in shared.by_split.items())
    )
    lines += _wrapped(
        f"group names in both: {groups.groups}{_some(groups.names)}, {groups.show_the_same} of which are seen "
        "to show the same photograph; tests leave out what a run has seen of these"
    )
    lines += _wrapped(
        f"shared photographs under other group names: {moved.images[0]} and {moved.images[1]} images, in test "
        f"{moved.test[0]} and {moved.test[1]}"
    )
    lines += [_pair_line(found) for found in pair.pairs if not found.same_group][:SHOWN]
    exact = pair.opposite_labels
    if exact.same_pixels:
        lines.append(f"same pixels in both: {exact.same_pixels}, under opposite labels {exact.opposite}")
    lines += ["", "the traces of one domain tried on the other (balanced accuracy; 50 % is chance):"]
    for way in pair.transfer:
        figures = f"file {_accuracy(way.file)}, file and tone {_accuracy(way.file_and_tone)}"
        lines.append(f"  {way.source} -> {way.target}: {figures}")
    return lines


def equalised_lines(before: DomainAudit, done: Equalisation) -> list[str]:
    """Say what equalising has done, and what is left to cheat with."""
    after = done.after
    lines = [line for text in _equalise_lines(done) for line in _wrapped(text)]
    lines += ["", f"{'before -> after equalising':<30}{before.verdict.word} -> {after.verdict.word}"]
    names = ("file alone", "tone alone", "file and tone")
    for name, one, other in zip(names, before.separabilities.all, after.separabilities.all, strict=True):
        lines.append(f"  {name:<28}{_accuracy(one)} -> {_accuracy(other)}")
    lines += [line for reason in after.verdict.reasons for line in _wrapped(f"- left: {reason.text}")]
    return [*lines, *_wrapped(LIMITS)]


def _equalise_lines(done: Equalisation) -> list[str]:
    """Say what was done, a paragraph each."""
    about = "about " if done.tables else ""
    small = {name: len(names) for name, names in done.too_small.items()}
    return [
        f"equalised into {done.folder}: {done.images} images, both classes cut to {done.width} x {done.height} "
        f"pixels from the middle, saved as baseline JPEG, {about}quality {done.quality}, "
        f"{done.subsampling}, no metadata",
        f"left out: {small['real']} real and {small['fake']} fake images smaller than that, "
        f"{len(done.unreadable)} unreadable; labels, groups and splits are kept",
        f"use it as {Path(done.folder) / 'domain.yaml'}",
    ]


def _some(names: Sequence[str]) -> str:
    return f" ({', '.join(names[:3])}{', ...' * (len(names) > 3)})" if names else ""


def _verdict_lines(verdict: Verdict) -> list[str]:
    lines = [f"verdict: {verdict.word.upper()}"]
    for reason in verdict.reasons:
        lines += _wrapped(f"- {reason.word}: {reason.text}", indent="  ")
    if not verdict.reasons:
        lines.append("  nothing found that a detector could cheat with")
    return lines


def _accuracy_lines(found: DomainAudit) -> list[str]:
    measured = found.separabilities
    lines = ["a classifier, cross-validated by group, tells reals from fakes (balanced accuracy; 50 % is chance):"]
    lines.append(f"  file alone, no pixels       {_accuracy(measured.file)}")
    lines.append(f"  tone alone                  {_accuracy(measured.tone)}")
    lines.append(f"  file and tone               {_accuracy(measured.file_and_tone)}")
    return lines


def _accuracy(measured: Separability) -> str:
    return UNTOLD if measured.balanced_accuracy is None else accuracy(measured.balanced_accuracy)


def _separator_lines(found: DomainAudit) -> list[str]:
    strong = [one for one in found.separators if one.notable and one.strength >= WORTH]
    constant = len(found.constant)
    looked = f"{len(found.separators) + constant} traces, {constant} of them the same in all images"
    if not strong:
        return [f"no single trace separates the classes ({looked})"]
    lines = [f"what separates the classes, AUC with 95 % interval ({looked}):"]
    for one in strong[:SHOWN]:
        figure = one.auc
        head = f"  {one.trace:<22}{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]  "
        lines += _wrapped(head + one.words, indent=" " * 26, keep=len(head))
    if len(strong) > SHOWN:
        lines.append(f"  and {len(strong) - SHOWN} more (--json has them all)")
    return lines


def _copy_lines(copies: Copies) -> list[str]:
    same, other, splits = copies.same_pixels, copies.other_groups, copies.across_splits
    if not same.images and not other.images:
        return ["copies: none found"]
    lines = _wrapped(
        f"copies: {same.images} images have the pixels of another one ({same.in_other_groups} of another "
        f"group's, {same.both_labels} under both labels); {other.images} images show a photograph of another "
        f"group ({other.photographs} photographs, {other.both_classes} images among both classes); "
        f"{splits.test} of {splits.of_test} test images stand in another split, too"
    )
    lines += [_pair_line(found) for found in copies.pairs[:SHOWN]]
    more = len(copies.pairs) + copies.pairs_left_out - SHOWN
    if more > 0:
        lines.append(f"  and {more} more pairs (--json lists them)")
    if copies.group_rule:
        lines.append(f"  their names suggest --group '{copies.group_rule}'")
    return lines


def _pair_line(pair: CopyPair | SharedPair) -> str:
    how = "same pixels" if pair.same_pixels else f"alike {pair.similarity:.2f}{', mirrored' * pair.mirrored}"
    splits = pair.splits[0] if pair.splits[0] == pair.splits[1] else " / ".join(pair.splits)
    return f"  {pair.images[0]} = {pair.images[1]} ({how}; {splits})"


def _label_lines(labels: OddLabels) -> list[str]:
    if not labels.images:
        return ["labels: none looks wrong"]
    lines = [f"labels: {labels.images} look wrong ({labels.real} called real, {labels.fake} called fake)"]
    for one in labels.listed[:SHOWN]:
        lines += _wrapped(f"  {one.image} ({one.label}): {'; '.join(one.evidence)}", indent="    ")
    if labels.images > SHOWN:
        lines.append(f"  and {labels.images - SHOWN} more (--json lists them)")
    return lines


def _unreadable_lines(found: DomainAudit) -> list[str]:
    bad = found.unreadable
    if not bad:
        return []
    share = percent(len(bad) / (len(bad) + found.images.images))
    lines = [f"unreadable: {len(bad)} ({share}), left out as in training"]
    for name, _, reason in bad[:SHOWN]:
        lines += _wrapped(f"  {name}: {reason}", indent="    ")
    return lines + ([f"  and {len(bad) - SHOWN} more (--json lists them)"] if len(bad) > SHOWN else [])


def _wrapped(text: str, indent: str = "  ", keep: int = 0) -> list[str]:
    """Wrap text into lines of WIDTH; `keep` leading characters stay as they are."""
    head, rest = text[:keep], text[keep:]
    stripped = rest.lstrip(" ")
    head += rest[: len(rest) - len(stripped)]
    return textwrap.wrap(
        stripped,
        WIDTH,
        initial_indent=head,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [head]
