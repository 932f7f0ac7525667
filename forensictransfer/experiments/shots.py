"""The shots of a draw, read: an image that cannot be read is replaced by the next one."""

from __future__ import annotations

from forensictransfer.core.settings import Settings
from forensictransfer.data.domains import Domain
from forensictransfer.data.images import Images
from forensictransfer.data.records import Record
from forensictransfer.data.splits import draw_shots
from forensictransfer.experiments.session import Session


def readable_shots(
    target: Domain, settings: Settings, draw: int, session: Session, unreadable: dict[str, str]
) -> Images:
    """Read the shots of a draw; an unreadable one is replaced by the next image of the same draw's order.

    Names and reasons of those that were replaced are added to `unreadable`.
    """
    k = settings.adapt.shots
    excluded: set[str] = set()
    while True:
        candidates: list[Record] = [record for record in target.records if record.name not in excluded]
        chosen = draw_shots(candidates, k, seed=settings.seed, draw=draw, domain=target.name)
        images = session.chosen(target, [candidates[i] for i in chosen], settings.data)
        if not images.skipped:
            return images
        excluded |= {name for name, _ in images.skipped}
        unreadable.update(images.skipped)
