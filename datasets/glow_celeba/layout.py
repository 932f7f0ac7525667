"""Which file is what; no image is opened."""

from __future__ import annotations

from collections.abc import Iterator

from forensictransfer.data.celeba import celeba_items
from forensictransfer.data.extracted import ManualFolder
from forensictransfer.data.manual import Item


def items(tree: ManualFolder, config: str) -> Iterator[Item]:
    """All portraits and edits, by CelebA's identities and partition."""
    yield from celeba_items(tree)
