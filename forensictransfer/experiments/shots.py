"""The shots of a draw: which images they are, and these read; one that cannot be read is replaced by the next one."""

from __future__ import annotations

from collections.abc import Sequence

from forensictransfer.core.settings import Settings
from forensictransfer.data.domains import Domain
from forensictransfer.data.images import Images
from forensictransfer.data.records import Record
from forensictransfer.data.splits import draw_pairs, draw_shots
from forensictransfer.experiments.session import Session


def chosen_shots(records: Sequence[Record], settings: Settings, draw: int, target: str) -> tuple[int, ...]:
    """Choose the shots of a draw by `adapt.pairs`, as indices into `records`. Raises UserError if there are too few.

    target: the domain's name in tables.
    """
    choose = draw_pairs if settings.adapt.pairs else draw_shots
    return choose(records, settings.adapt.shots, seed=settings.seed, draw=draw, domain=target)


def readable_shots(
    target: Domain, settings: Settings, draw: int, session: Session, unreadable: dict[str, str]
) -> Images:
    """Read the shots of a draw; an unreadable one is replaced by the next image of the same draw's order.

    Where shots are pairs, its partner may be replaced with it.
    Names and reasons of those that were replaced are added to `unreadable`.
    """
    excluded: set[str] = set()
    while True:
        candidates: list[Record] = [record for record in target.records if record.name not in excluded]
        chosen = chosen_shots(candidates, settings, draw, target.name)
        images = session.chosen(target, [candidates[i] for i in chosen], settings.data)
        if not images.skipped:
            return images
        excluded |= {name for name, _ in images.skipped}
        unreadable.update(images.skipped)
