"""Which file of the extracted archive is what; no image is opened."""

from __future__ import annotations

from collections.abc import Iterator

from forensictransfer.data.catalogue.extracted import ManualFolder
from forensictransfer.data.catalogue.manual import Item

TOP = ("real_vs_fake", "real-vs-fake")
PARTS = {"train": "train", "valid": "validation", "test": "test"}
# The tables count the other way round: 1 is real there. Their words are clear.
LABELS = {"real": 0, "fake": 1}


def items(tree: ManualFolder, config: str) -> Iterator[Item]:
    """Yield all images that the three tables name; each must be there, and stand in the folder of its class."""
    for part, split in PARTS.items():
        table = f"{part}.csv"
        rows = tree.table(table, columns=("label_str", "path"))
        there = {tree.name(path): path for name in LABELS for path in tree.images(*TOP, part, name)}
        for row in rows:
            name = "/".join((*TOP, row["path"]))
            if name not in there:
                missing = sum("/".join((*TOP, other["path"])) not in there for other in rows)
                raise tree.problem(
                    f"expected the {len(rows)} images that {table} names in {tree.folder(*TOP)}, {missing} of them are "
                    f"not there (the first: {row['path']}): extract the archive again"
                )
            label = LABELS.get(row["label_str"], -1)
            if row["path"].split("/")[:2] != [part, row["label_str"]] or label < 0:
                raise tree.problem(f"{table}: expected the path {part}/{row['label_str']}/..., found {row['path']}")
            stem = there[name].stem
            # A photograph is called by its number in FFHQ.
            group = f"ffhq/{int(stem):05d}" if not label and stem.isdecimal() else f"faces_140k/{stem}"
            yield Item(there[name], label, group, split)
