"""What a run decides where some errors are allowed and the rest is left open, in lines of text."""

from __future__ import annotations

from collections.abc import Iterable

from forensictransfer.core.visible import visible
from forensictransfer.results.formats.metrics import Metrics
from forensictransfer.results.numbers import accuracy


def abstention_lines(evaluations: Iterable[Metrics]) -> list[str]:
    """Write, for evaluations that measured it, what is decided at each share of errors; none for others."""
    lines = []
    for one in evaluations:
        if not one.abstention:
            continue
        few = min(one.abstention[0].reals, one.abstention[0].fakes)
        unlike = one.abstention[0].metrics["left_open"]
        open_ = f"; {accuracy(unlike)} are unlike these and left open" if unlike.value else ""
        lines.append(f"Decided on {one.target} where errors are limited, by {few:,} images of a class{open_}:")
        for found in one.abstention:
            share, wrong = found.metrics["decided"], found.metrics["wrong_decided"]
            if not share.value:
                lines.append(f"  {found.error:.0%}: nothing")
                continue
            classes = (f"{accuracy(found.metrics[f'wrong_{name}'])} of all {name}s" for name in ("real", "fake"))
            lines.append(
                f"  {found.error:.0%}: {accuracy(share)}, of these {accuracy(wrong)} wrong; {', '.join(classes)}"
            )
    return [visible(line) for line in lines]
