"""What a detector could cheat with on each domain of the sweep, from the audits in its folder."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from forensictransfer.report.analysis.view import View
from forensictransfer.report.page.elements import Section, bullets, code, fold, lines, paragraph, put, table
from forensictransfer.report.tables.csv_files import TableFiles
from forensictransfer.report.tables.sheets import Sheet
from forensictransfer.results.audits import read_audits, without_pixels
from forensictransfer.results.formats.audit import CLEAN, DomainAudit
from forensictransfer.results.metadata_baseline import is_doubtful, warning
from forensictransfer.results.numbers import accuracy, fraction

TITLE = "What a detector could cheat with"
_SHOWN = 8  # separators and pairs of copies


def audits_section(view: View, files: TableFiles) -> Section:
    """Show the verdict on each domain, how far traces alone get, what separates the classes, and copies."""
    results = view.results
    audits = read_audits(results.path, {name: results.info.domains[name] for name in view.domains})
    missing = [view.name(name) for name in view.domains if name not in audits]
    parts: list[str] = []
    if audits:
        overview = _overview(view, audits)
        parts += [
            paragraph(
                "Each domain was audited before anything was trained on it: what separates its reals from its fakes "
                "without forensics, cross-validated by group. An accuracy means little where the classes can be told "
                "apart by their files alone."
            ),
            table(
                overview,
                "Balanced accuracy, %, with 95 % interval; 50 is chance.",
                csv=files.add("audits", overview),
            ),
        ]
        doubts = [warning(view.name(name), without_pixels(audit)) for name, audit in audits.items()]
        parts += [paragraph(f"Warning: {line}.", kind="warning") for line in doubts if line]
        parts += [_details(view.name(name), audit, files) for name, audit in audits.items()]
    if missing:
        parts.append(
            paragraph(
                f"Not audited: {', '.join(missing)}. The sweep audits its domains when it begins or continues: ",
                code("forensictransfer sweep sweep.yaml --out SWEEP"),
                ".",
            )
        )
    return Section("audits", TITLE, lines(*parts))


def doubtful_domains(view: View) -> dict[str, float]:
    """Find the domains whose classes files alone tell apart, and how far they get: by audits and by tests."""
    about = {name: view.results.info.domains[name] for name in view.domains}
    found = {c.on: c.alone.value for c in view.results.cells if c.doubt and c.alone and c.alone.value is not None}
    for name, audit in read_audits(view.results.path, about).items():
        estimate = without_pixels(audit).estimate
        if is_doubtful(estimate) and estimate.value is not None:
            found[name] = estimate.value
    return {name: found[name] for name in view.domains if name in found}


def _overview(view: View, audits: Mapping[str, DomainAudit]) -> Sheet:
    body: list[tuple[str, ...]] = []
    for name, audit in audits.items():
        copies, measured = audit.duplicates, audit.separabilities
        body.append(
            (
                view.name(name),
                audit.verdict.word,
                *(accuracy(one.balanced_accuracy, unit=False) for one in measured.all),
                str(copies.other_groups.images),
                f"{copies.across_splits.test} of {copies.across_splits.of_test}",
                str(audit.labels.images),
                str(len(audit.unreadable)),
            )
        )
    head: tuple[str, ...] = ("domain", "verdict", "file alone", "tone alone", "file and tone", "copies in other groups")
    head += ("test images in other splits, too", "odd labels", "unreadable")
    return Sheet("Audits", head, "lllllrrrr", tuple(body), 1)


def _details(name: str, audit: DomainAudit, files: TableFiles) -> Markup:
    reasons = [f"{reason.word}: {reason.text}" for reason in audit.verdict.reasons]
    parts: list[str] = [bullets(reasons or ["nothing found that a detector could cheat with"])]
    notable = [one for one in audit.separators if one.notable][:_SHOWN]
    if notable:
        rows = tuple((one.trace, fraction(one.auc), one.words) for one in notable)
        sheet = Sheet(f"{name}: what separates the classes most", ("trace", "AUC", "in which way"), "lll", rows, 1)
        note = "AUC above 0.5: fakes have larger values. Intervals over groups."
        parts.append(table(sheet, note, csv=files.add(f"separators-{name}", sheet)))
    pairs = audit.duplicates.pairs[:_SHOWN]
    if pairs:
        copies = tuple((*pair.images, " / ".join(pair.splits), f"{pair.similarity:.2f}") for pair in pairs)
        sheet = Sheet(f"{name}: copies", ("image", "copy", "splits", "alike"), "lllr", copies, 1)
        note = "1.00: the same pixels. The audit's file lists them all."
        parts.append(table(sheet, note, csv=files.add(f"copies-{name}", sheet)))
    parts.append(paragraph(audit.verdict.rests_on, kind="note"))
    return fold(put(f"{name}: {audit.verdict.word}"), *parts, unfolded=audit.verdict.word != CLEAN)
