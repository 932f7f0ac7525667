"""Which file of the extracted archives is what; no image is opened."""

from __future__ import annotations

from collections.abc import Iterator

from forensictransfer.data.catalogue.extracted import ManualFolder
from forensictransfer.data.catalogue.manual import Item

CONTENTS = {"bedroom": "lsun_bedroom", "imagenet": "imagenet", "celebahq": "celebahq"}
# Folders that are not called like their configuration; of several the first that is there.
GENERATORS = {
    "sdv1": ("sdv1", "sdv1_new", "sdv1_new1", "sdv1_new2"),
    "stylegan": ("stylegan_official", "stylegan"),
    "diff_stylegan": ("diff-stylegan",),
    "diff_projectedgan": ("diff-projectedgan",),
}
PARTS = {"train": "train", "val": "validation", "test": "test"}


def items(tree: ManualFolder, config: str) -> Iterator[Item]:
    """Yield all images of one content and generator.

    A generator that the release has in train, too, keeps its three parts. One that it has in test alone is split by
    hash with the test part's photographs, since there would be no shots otherwise.
    """
    short, _, wanted = config.partition("_")
    content = CONTENTS[short]
    names = GENERATORS.get(wanted, (wanted,))
    generator = next((name for name in names if tree.has("images", "test", content, name)), names[0])
    learned = tree.has("images", "train", content, generator)
    for part in PARTS if learned else ["test"]:
        for label, folder in enumerate(("real", generator)):
            for path in tree.images_below("images", part, content, folder):
                place = tree.name(path).removesuffix(path.suffix)
                # ImageNet's names are the photographs'; what the others are called in one part may be said in another.
                known = not label and content == "imagenet"
                group = f"imagenet/{path.stem}" if known else f"diffusionforensics/{place}"
                yield Item(path, label, group, PARTS[part] if learned else None)
