"""The parts of a sweep's page, each from the results alone; a part with nothing to show says so or is left out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from forensictransfer.report import sweep_sheets
from forensictransfer.report.cells import ZERO_SHOT, Cell
from forensictransfer.report.figures.canvas import line_of
from forensictransfer.report.html import details, escape, facts, grid, image, paragraph, png_file, section, table
from forensictransfer.report.names import arrow, short_names
from forensictransfer.report.plots import Plots
from forensictransfer.report.predictions import ScoreFiles
from forensictransfer.report.rules import ORACLE_NOTE
from forensictransfer.report.series import OVER_PAIRS, OVER_SEEDS
from forensictransfer.report.sheets import INTERVALS, Sheet
from forensictransfer.report.sweep import SweepResults
from forensictransfer.report.verdict import verdict
from forensictransfer.yaml_text import write_yaml

_MOST_CASES = 14  # evaluations whose pictures are shown
_OPEN_UP_TO = 12  # panels that are shown without unfolding


def summary(results: SweepResults) -> str:
    """What the numbers say, and what is missing."""
    parts = []
    for detector in results.detectors:
        parts += [f'<p class="lead">{escape(line)}</p>' for line in verdict(results, detector)]
    counts = results.counts
    if counts["missing"] or counts["failed"]:
        text = f"{counts['missing']} jobs are not done and {counts['failed']} failed: what they would show is missing."
        parts.append(f'<p class="warn">{escape(text)}</p>')
    return section("summary", "What was found", *parts)


def setting(results: SweepResults) -> str:
    """Domains, grid, intervals, thresholds."""
    info, counts = results.info, results.counts
    pairs = [
        ("detectors", ", ".join(results.detectors)),
        ("shots per class", ", ".join(map(str, results.shots))),
        ("draws of shots", str(info["draws"])),
        ("strategies", ", ".join(results.strategies)),
        ("seeds", ", ".join(map(str, results.seeds))),
        ("thresholds", "; ".join(sorted({f"{c.strategy}: {c.threshold_rule}" for c in results.cells}))),
        ("jobs", f"{counts['done']} of {counts['jobs']} done, {counts['failed']} failed, {counts['missing']} missing"),
        ("intervals", f"{INTERVALS}; means over pairs: {OVER_PAIRS.removeprefix('95 % intervals: ')}"),
        ("begun", str(info.get("created", "-"))),
        ("version", f"forensictransfer {info.get('version', '-')}"),
    ]
    if len(results.seeds) > 1:
        pairs.append(("several seeds", OVER_SEEDS))
    rows = []
    for name, domain in info["domains"].items():
        splits = [domain["splits"][split] for split in ("train", "validation", "test")]
        images = [f"{split['real']} + {split['fake']} ({split['groups']})" for split in splits]
        rows.append((name, *images, str(domain["group"]), str(domain["fingerprint"])[:12]))
    head = ("domain", "train", "validation", "test", "grouped by", "data")
    domains = Sheet("Domains: real + fake images (groups)", head, "llllll", tuple(rows), 1)
    parts = [facts(pairs, "The sweep"), table(domains)]
    if results.impossible:
        body = tuple((str(i["target"]), str(i["shots"]), str(i["reason"])) for i in results.impossible)
        parts.append(table(Sheet("Cells that cannot be measured", ("target", "shots", "why"), "lrl", body, 1)))
    if results.failed:
        ended = tuple((record.job, str(record.error)) for record in results.failed)
        parts.append(table(Sheet("Jobs that failed", ("job", "error"), "ll", ended, 1)))
    return section("setting", "What was measured, and on what", *parts)


def matrices(results: SweepResults, plots: Sequence[Plots]) -> str:
    """Heat maps, strategy by strategy."""
    parts = [
        paragraph(
            "Balanced accuracy in per cent on the target's test split, mean over draws, 95 % interval below. "
            "Framed: the "
            "source's own test before adaptation. 50 is chance. Grey: not measured."
        )
    ]
    for plot in plots:
        if len(plots) > 1:
            parts.append(f"<h3>{escape(plot.detector)}</h3>")
        parts.append(grid(image(picture) for picture in plot.heat_maps(ZERO_SHOT)))
        for number, strategy in enumerate(results.strategies):
            figures = [image(picture) for picture in plot.heat_maps(strategy)]
            if figures and number == 0:
                parts += [f"<h3>{escape(strategy)}</h3>", grid(figures)]
            elif figures:
                parts.append(details(strategy, grid(figures)))
    return section("matrix", "Source × target", *parts)


def curves(results: SweepResults, plots: Sequence[Plots]) -> str:
    """k-shot curves."""
    parts = [_key(results), paragraph("Bands: 95 % intervals. Dotted: chance. k = 0 is zero-shot.", "soft")]
    for plot in plots:
        if (mean := plot.average_curves()) is not None:
            parts.append(image(mean, f"{plot.detector}: {OVER_PAIRS}"))
        figures = [image(picture) for picture in plot.curves()]
        if figures:
            parts.append(_folded(f"{plot.detector}: all {len(figures)} pairs", figures))
    parts.append(table(sweep_sheets.averages(results)))
    return section("curves", "What shots bring", *parts)


def tuning(results: SweepResults) -> str:
    """The gain of tuning with its interval and cost; nothing if nothing was tuned."""
    sheet = sweep_sheets.tuning_gain(results)
    if sheet is None:
        return ""
    text = (
        "`tuned` chooses strategy and settings by cross-validation inside each draw's shots; the target's test is "
        "never "
        "looked at. Gains are differences of balanced accuracy in points, over pairs of domains."
    )
    return section("tuning", "What tuning gained", paragraph(text), table(sheet, title=False))


def significance(results: SweepResults) -> str:
    """Strategies compared."""
    over = sweep_sheets.compared(results)
    if over is None:
        return section(
            "significance", "Do the strategies differ?", paragraph("One strategy alone: nothing to compare.")
        )
    within, made = sweep_sheets.compared_within(results)
    text = (
        "Differences are paired: the same draws of shots for both strategies, averaged over the draws of a pair of "
        "domains, "
        "then tested by flipping signs over pairs, two-sided, corrected by Holm. Pairs share sources and targets, "
        "so that "
        "the p values are too small as a statement about domains that were not measured."
    )
    single = (
        f"Within single cells (paired t over draws) {len(within.rows) if within else 0} of {made} comparisons stay "
        "significant after correction; a handful of draws can hardly show more."
    )
    parts = [paragraph(text), table(over, title=False), paragraph(single)]
    if within:
        parts.append(details(within.title, table(within, title=False)))
    return section("significance", "Do the strategies differ?", *parts)


def thresholds(results: SweepResults, files: ScoreFiles) -> str:
    """Threshold rules side by side."""
    sheet = sweep_sheets.rules(results, files)
    if sheet is None:
        return ""
    text = (
        "The same scores under other threshold rules. After adaptation the rules see the shots alone; zero-shot, the "
        f"source's validation split. {ORACLE_NOTE[0].upper()}{ORACLE_NOTE[1:]}"
    )
    return section("thresholds", "Threshold rules", paragraph(text), table(sheet, title=False))


def energies(results: SweepResults, plots: Sequence[Plots]) -> str:
    """a_0 against a_1."""
    parts = []
    for plot in plots:
        figures = [image(picture) for picture in plot.energies()]
        if figures:
            text = (
                f"{plot.detector}: each point is a test image; energies of the real and of the fake half of the "
                f"latent, "
                f"zero-shot and after {plot.changing} with {plot.largest} shots (first draw). Above the dotted line "
                f"the "
                "fake half is the stronger."
            )
            parts += [paragraph(text), _folded(f"{plot.detector}: all {len(figures)} pairs", figures)]
    return section("energies", "Energies before and after", *parts) if parts else ""


def reliability(results: SweepResults, plots: Sequence[Plots]) -> str:
    """ROC curves and reliability diagrams."""
    parts = []
    for plot in plots:
        figures = [image(picture) for picture in plot.rocs()]
        if figures:
            text = (
                f"{plot.detector}: left the ROC, mean over draws; right how often an image called fake with a "
                f"probability "
                f"is one (ten bins, draws pooled). Zero-shot, and each strategy with {plot.largest} shots."
            )
            parts += [paragraph(text), _folded(f"{plot.detector}: all {len(figures)} pairs", figures)]
    return section("roc", "ROC and reliability", *parts) if parts else ""


def forgetting(results: SweepResults) -> str:
    """What adaptation does to the source's own test."""
    sheet = sweep_sheets.forgotten(results)
    if sheet is None:
        return ""
    text = "An adapted run is a detector for its target: its source's own test, before and after."
    return section("forgetting", "What adaptation forgets", paragraph(text), table(sheet, title=False))


def pictures(results: SweepResults) -> str:
    """The surest mistakes and the surest right verdicts, with what the detector sees."""
    short = short_names([*results.sources, *results.targets])
    parts = []
    for cell in _shown_cells(results):
        folder = results.folder(cell) / "pictures"
        cases = json.loads((folder / "pictures.json").read_text(encoding="utf-8"))
        figures = [_case(folder, case) for case in cases]
        way = (
            "own test" if cell.own else "zero-shot" if cell.adapted_to is None else f"{cell.strategy}, k = {cell.shots}"
        )
        title = f"{cell.detector}: {arrow(short[cell.source], short[cell.on])}, {way}"
        parts.append(details(title, grid(figures)))
    if not parts:
        return section("pictures", "Images", paragraph("No pictures were kept."))
    text = (
        "The tile that speaks loudest for the verdict, what the encoder is fed (the residual, stretched to be "
        "seen) and what "
        "the decoder makes of it; p is the probability of fake."
    )
    return section("pictures", "The surest mistakes, and the surest right", paragraph(text), *parts)


def reproduce(results: SweepResults) -> str:
    """Settings, environment, and where each number comes from."""
    command = "forensictransfer sweep sweep.yaml --out SWEEP\nforensictransfer report SWEEP"
    runs = []
    for cell in results.cells:
        if cell.aimed:
            path = results.folder(cell).relative_to(results.path).as_posix()
            measured = cell.metrics.get(sweep_sheets.METRIC)
            number = "-" if measured is None or measured.value is None else f"{100 * measured.value:.1f}"
            label = (cell.detector, cell.source, cell.on, str(cell.shots), cell.strategy, str(cell.seed))
            runs.append((*label, number, f"{path}/metrics.json"))
    head = ("detector", "source", "tested on", "shots", "strategy", "seed", "%", "file")
    sheet = Sheet("Where each number comes from", head, "lllrlrrl", tuple(runs), 1)
    environment = json.dumps(results.environment, indent=2, sort_keys=True)
    text = (
        "The settings below, written to sweep.yaml, and the same images (see the data fingerprints above) give these "
        "numbers again, with the same versions and threads to the last digit. Each run folder holds its own "
        "settings.yaml "
        "for the single commands; `forensictransfer show RUN` tells what it is."
    )
    return section(
        "reproduce",
        "How to get these numbers again",
        paragraph(text),
        f"<pre>{escape(command)}</pre>",
        details("Settings (sweep.yaml)", f"<pre>{escape(write_yaml(results.settings))}</pre>"),
        details("Environment", f"<pre>{escape(environment)}</pre>"),
        details(f"{sheet.title} ({len(runs)})", table(sheet, title=False)),
        table(sweep_sheets.cost(results)),
        paragraph(
            "Seconds are wall clock of single jobs, summed over workers; they depend on what else the machine did."
        ),
    )


def _key(results: SweepResults) -> str:
    """Which line is which strategy."""
    items = []
    for strategy in results.strategies:
        colour, _, line = line_of(results.strategies, strategy)
        dashes = {"-": "", "--": "6 3", "-.": "6 2 1 2", ":": "1 2"}[line]
        sample = (
            f'<svg width="34" height="10" aria-hidden="true"><line x1="0" y1="5" x2="34" y2="5" stroke="{colour}" '
            f'stroke-width="2.5" stroke-dasharray="{dashes}"/></svg>'
        )
        items.append(f"<li>{sample}{escape(strategy)}</li>")
    return '<ul class="key">' + "".join(items) + "</ul>"


def _folded(title: str, figures: list[str]) -> str:
    return grid(figures) if len(figures) <= _OPEN_UP_TO else details(title, grid(figures))


def _shown_cells(results: SweepResults) -> list[Cell]:
    """Own tests, then for each target the best adapted cell that has pictures."""
    having = [cell for cell in results.cells if (results.folder(cell) / "pictures" / "pictures.json").is_file()]
    own = [cell for cell in having if cell.own and cell.adapted_to is None]
    best: dict[tuple[str, str], Cell] = {}
    for cell in having:
        measured = cell.metrics.get(sweep_sheets.METRIC)
        if cell.adapted_to is None or not cell.aimed or measured is None or measured.value is None:
            continue
        known = best.get((cell.detector, cell.on))
        if known is None or measured.value > (known.metrics[sweep_sheets.METRIC].value or 0):
            best[cell.detector, cell.on] = cell
    return [*own, *best.values()][:_MOST_CASES]


def _case(folder: Path, case: dict[str, object]) -> str:
    kinds = {"crop": "the tile", "input": "what the encoder is fed", "reconstruction": "what the decoder makes of it"}
    files = case["files"]
    assert isinstance(files, dict)
    images = "".join(
        png_file(folder / str(files[kind]), f"{case['name']}: {text}") for kind, text in kinds.items() if kind in files
    )
    caption = f"{case['why']}: {case['name']}, p = {float(str(case['probability'])):.2f}"
    one = " one" if len(files) == 1 else ""
    below = f"<figcaption>{escape(caption)}</figcaption>"
    return f'<figure class="case{one}"><div class="shots">{images}</div>{below}</figure>'
