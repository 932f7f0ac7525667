"""Which file of the extracted archives is what; no image is opened.

An authentic image is called CAMERA_PHOTOGRAPH_sub_PART (mostly nine parts of a photograph), a splice
CAMERA_CAMERA_sub_NUMBER.
"""

from __future__ import annotations

from collections.abc import Iterator

from forensictransfer.data.catalogue.extracted import ManualFolder
from forensictransfer.data.catalogue.manual import Item

COUNTS = {"4cam_auth": 183, "4cam_splc": 180}
SHARED = (
    "the splices were made from the authentic photographs, and their names do not say from which: "
    "photographs may stand on two sides of the splits"
)


def items(tree: ManualFolder, config: str) -> Iterator[Item]:
    """Yield all images, the splices with the mask that colours the two cameras' regions."""
    tree.folder("4cam_splc", "edgemask")
    authentic, spliced = (tree.images(name) for name in COUNTS)
    for images, (name, count) in zip((authentic, spliced), COUNTS.items(), strict=True):
        tree.expect(len(images), count, name)
    for path in authentic:
        yield Item(path, 0, f"columbia/{path.stem.partition('_sub_')[0]}")
    unmasked = 0
    for path in spliced:
        mask = tree.root / "4cam_splc" / "edgemask" / f"{path.stem}_edgemask.jpg"
        unmasked += not mask.is_file()
        yield Item(path, 1, f"columbia/{path.stem}", mask=mask if mask.is_file() else None)
    tree.note(SHARED)
    if unmasked:
        tree.note(f"splices without a mask in 4cam_splc/edgemask: {unmasked}")
