"""The verdict on each detector in words, and the facts that every number depends on."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from forensictransfer.data.records import SPLITS
from forensictransfer.report.analysis.cost import total_seconds
from forensictransfer.report.analysis.findings import verdict
from forensictransfer.report.analysis.series import OVER_PAIRS, OVER_SEEDS
from forensictransfer.report.analysis.transfer import MEANING
from forensictransfer.report.analysis.view import View
from forensictransfer.report.names import counted, duration, listed
from forensictransfer.report.page.elements import Section, bullets, code, fold, lines, long_table, paragraph, put, table
from forensictransfer.report.tables.csv_files import TableFiles
from forensictransfer.report.tables.sheets import INTERVALS, MISSING, Sheet, facts


def words_section(view: View) -> Section:
    """Say what each detector reaches, in sentences made from its numbers, and what the words mean."""
    parts = [paragraph(MEANING)]
    several = len(view.results.detectors) > 1
    for number, detector in enumerate(view.results.detectors):
        said = bullets(verdict(view, detector))
        parts.append(fold(detector, said, unfolded=not number) if several else said)
    return Section("words", "What transfers, in words", lines(*parts))


def facts_section(view: View, files: TableFiles) -> Section:
    """Say what was measured on what: domains, shots, draws, seeds, rules, intervals, and how the jobs ended."""
    results = view.results
    rows = [
        ("sources", listed([view.name(name) for name in results.info.sources], 100)),
        ("targets", listed([view.name(name) for name in results.targets], 100)),
        *facts(view.short_cells),
        ("draws asked for", counted(results.info.draws, "draw")),
        ("jobs", _jobs(view)),
        ("wall clock", f"{duration(total_seconds(results))}, all jobs added up (workers run side by side)"),
        (
            "version",
            f"forensictransfer {results.info.version or MISSING}, begun {results.info.created or MISSING}",
        ),
    ]
    if view.common:
        rows.insert(0, ("data set", f"{view.common}: all domains are of it, and go without its name here"))
    domains, groups = _domains(view), "Groups are photographs, persons or videos; none stands in two splits."
    body = lines(
        table(Sheet("What every number depends on", ("", ""), "ll", tuple(rows), 1)),
        table(domains, groups, csv=files.add("domains", domains)),
        paragraph("What the intervals cover:"),
        bullets(_intervals(view)),
        *_not_done(view, files),
    )
    return Section("facts", "What was measured", body)


def _jobs(view: View) -> str:
    counts = view.results.counts
    silent = f", {counts['not_applied']} not applied" * bool(counts["not_applied"])
    return (
        f"{counts['done']} of {counts['jobs']} done, {counts['failed']} failed, {counts['missing']} missing{silent}; "
        f"{counted(counts['impossible'], 'more cell')} impossible"
    )


def _domains(view: View) -> Sheet:
    info = view.results.info.domains
    body = []
    for name in view.domains:
        about = info[name]
        splits = [about.splits[split] for split in SPLITS]
        counts = [f"{found.real} + {found.fake} ({found.groups})" for found in splits]
        role = [
            word
            for word, names in (("source", view.results.info.sources), ("target", view.results.targets))
            if name in names
        ]
        body.append(
            (
                view.name(name),
                " and ".join(role),
                *counts,
                about.group,
                about.fingerprint[:16],
            )
        )
    head = ("domain", "role", *SPLITS, "groups by", "fingerprint of the data")
    return Sheet("Domains: reals + fakes (groups) in each split", head, "llrrrll", tuple(body), 1)


def _intervals(view: View) -> Iterator[Markup]:
    yield put(
        f"{INTERVALS}. This is what stands with the number of a single cell: whole groups of test images are drawn "
        "with replacement, and the draws of shots with them. It covers other test images and other shots of the same "
        "domain, not another training of the source."
    )
    yield put(
        f"{OVER_PAIRS}. This is what stands with means over pairs. Pairs share sources and targets, which the "
        "bootstrap does not know, so for domains that are not in this sweep these intervals are too narrow."
    )
    if len(view.results.seeds) > 1:
        yield put(OVER_SEEDS)
    if view.results.info.draws < 2:
        yield put("There is one draw of shots: intervals do not cover what another choice of shots would have changed.")
    yield put(
        "An interval of zero width means that no resample differed (no error seen, for instance), not certainty: with "
        "n groups an error rate of up to 3/n stays possible."
    )


def _not_done(view: View, files: TableFiles) -> Iterator[Markup]:
    """List failed, missing and impossible cells, and those that a detector does not apply to, each with the reason."""
    results = view.results
    if results.failed:
        body = tuple((r.job, r.error or MISSING) for r in results.failed)
        sheet = Sheet("Failed jobs", ("job", "error"), "ll", body, 1)
        yield long_table(sheet, csv=files.add("failed_jobs", sheet))
        yield paragraph(
            "Failed jobs are done again by ", code("forensictransfer sweep sweep.yaml --out SWEEP --retry"), "."
        )
    if results.not_applied:
        body = tuple((r.job, r.error or MISSING) for r in results.not_applied)
        sheet = Sheet("Not applied (n/a): the detector has nothing to say of a class", ("job", "reason"), "ll", body, 1)
        yield long_table(sheet, csv=files.add("not_applied", sheet))
    if results.missing:
        names = bullets(code(name) for name in results.missing)
        yield fold(f"{counted(len(results.missing), 'job')} without a result yet", names)
    if results.impossible:
        cells = tuple((view.name(i.target), str(i.shots), i.reason) for i in results.impossible)
        sheet = Sheet("Impossible: more shots than there are images", ("target", "shots", "reason"), "lrl", cells, 1)
        yield long_table(sheet, csv=files.add("impossible", sheet))
