"""What adaptation gains over the shots alone, by detector, strategy and shots."""

from __future__ import annotations

from dataclasses import dataclass

from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.analysis.series import Pair, bootstrap_mean
from forensictransfer.report.analysis.transfer import gains
from forensictransfer.report.analysis.view import View
from forensictransfer.report.names import points
from forensictransfer.report.tables.sheets import Sheet
from forensictransfer.report.tables.sweep import draws_of
from forensictransfer.results.shots_only import NAME


@dataclass(frozen=True)
class GainRow:
    """Balanced accuracy less that of the shots alone at one number of shots: the mean over pairs, as a fraction.

    gain: interval by bootstrap over pairs. beaten: pairs whose own gain, over draws and images, is shown.
    """

    detector: str
    strategy: str
    shots: int
    gain: Estimate
    beaten: int
    pairs: tuple[Pair, ...]


def gain_rows(view: View) -> list[GainRow]:
    """Compute the gains over the shots alone; empty for a sweep that has not measured these."""
    rows = []
    for detector in view.results.detectors:
        for strategy in view.strategies:
            by_pair = {pair: view.gains(detector, strategy, *pair) for pair in view.pairs}
            for shots in view.measured_shots(detector, strategy):
                found = {pair: gain[shots] for pair, gain in by_pair.items() if shots in gain}
                if found:
                    mean = bootstrap_mean([float(gain.value or 0) for gain in found.values()])
                    beaten = sum(map(gains, found.values()))
                    rows.append(GainRow(detector, strategy, shots, mean, beaten, tuple(found)))
    return rows


def gains_sheet(view: View) -> Sheet | None:
    """List the gains over the shots alone."""
    body = [
        (
            *(row.detector, row.strategy, str(row.shots), points(row.gain)),
            *(f"{row.beaten} of {len(row.pairs)}", draws_of(view, row.shots)),
        )
        for row in gain_rows(view)
    ]
    head = ("detector", "strategy", "shots", "gain, points", "pairs that beat their shots", "draws")
    title = f"Gain of adaptation over {NAME}: balanced accuracy, mean over pairs"
    return Sheet(title, head, "llrlrr", tuple(body), 3, blank_repeats=2) if body else None
