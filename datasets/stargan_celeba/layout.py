"""Which file is what; no image is opened."""

from __future__ import annotations

from collections.abc import Iterator

from forensictransfer.data.catalogue.celeba import celeba_items
from forensictransfer.data.catalogue.extracted import ManualFolder
from forensictransfer.data.catalogue.manual import Item


def items(tree: ManualFolder, config: str) -> Iterator[Item]:
    """Yield all portraits and edits, by CelebA's identities and partition."""
    yield from celeba_items(tree)
