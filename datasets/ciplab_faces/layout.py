"""Which file of the extracted archive is what; no image is opened."""

from __future__ import annotations

from collections.abc import Iterator

from forensictransfer.data.catalogue.extracted import ManualFolder
from forensictransfer.data.catalogue.manual import Item

FOLDERS = {"training_real": 1081, "training_fake": 960}  # and how many images they hold


def items(tree: ManualFolder, config: str) -> Iterator[Item]:
    """Yield all images. The release has no test part; its `training_real` and `training_fake` are split by hash."""
    for label, (name, count) in enumerate(FOLDERS.items()):
        images = tree.images("real_and_fake_face", name)
        tree.expect(len(images), count, name)
        for path in images:
            yield Item(path, label, f"ciplab/{path.stem}")
