"""Data sets whose files the user puts into a folder by hand: the checks on that folder and the builders' shared part.

A builder folder says in `layout.py` which files are what:

    def items(tree: ManualFolder, config: str) -> Iterator[Item]

and everything else stands here. Nothing is downloaded, no image is decoded, and the bytes of the files are what is
stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.progress import progress_bar
from forensictransfer.core.settings import DataSettings
from forensictransfer.data.catalogue.data_sets import Facts
from forensictransfer.data.catalogue.extracted import ManualFolder
from forensictransfer.data.encoded import ImageError, read_header
from forensictransfer.data.folders.groups import keep_apart
from forensictransfer.data.records import CLASSES, SPLITS
from forensictransfer.data.splits import split_of

if TYPE_CHECKING:
    from types import ModuleType

LARGE = 0.2  # a group with a larger share of the images makes the splits uneven
UNREADABLE = 0.01  # larger shares of files that are no images mean a half extracted archive


class Item(NamedTuple):
    """One image of a data set on disk.

    label: 0 real, 1 fake. group: what belongs together, with a prefix that makes it the same in all data sets that
    share the photographs and in no other ("celeba/1234"). split: the official one, None for the hash of the group.
    name: unique in the domain, by default the path below the data set's folder. mask: a file that marks what was
    changed, of the image's size.
    """

    path: Path
    label: int
    group: str
    split: str | None = None
    name: str = ""
    mask: Path | None = None


def learning_split(group: str) -> str:
    """Train or validation for an image of an official training part that has no validation part of its own.

    The train share is the default one, so that what is learned from here is in no other domain's test by the hash.
    """
    train = DataSettings().split[0]
    return split_of(group, (train, 1 - train, 0.0))


def linked(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Find for each name in the pairs the smallest name that it is linked with, directly or through others."""
    above: dict[str, str] = {}

    def top(name: str) -> str:
        above.setdefault(name, name)
        while above[name] != name:
            above[name] = name = above[above[name]]
        return name

    for one, other in pairs:
        first, second = sorted((top(one), top(other)))
        above[second] = first
    return {name: top(name) for name in above}


def settle(items: Iterable[Item], tree: ManualFolder) -> list[Item]:
    """Give all items a name and a split, sorted by name, and leave each group in one split only.

    An item without an official split gets that of its group's hash with the default shares. Where the official splits
    tear a group apart, the images of the later split are left out, and a note counts them.

    Raises:
        UserError: a class without images. ValueError: names that are not unique, an unknown label or split, which are
            mistakes of the lister.
    """
    shares = DataSettings().split
    named = [
        item._replace(name=item.name or tree.name(item.path), split=item.split or split_of(item.group, shares))
        for item in items
    ]
    named.sort(key=lambda item: item.name)
    names = Counter(item.name for item in named)
    doubled = [name for name, count in names.items() if count > 1]
    if doubled:
        raise ValueError(f"{tree.dataset}: expected unique names, got '{doubled[0]}' {names[doubled[0]]} times")
    for item in named:
        if item.label not in (0, 1) or item.split not in SPLITS or not item.group:
            raise ValueError(f"{tree.dataset}: expected label 0 or 1, a split of {SPLITS} and a group, got {item}")
    splits = [str(item.split) for item in named]
    _, kept, notes = keep_apart([item.group for item in named], splits, "official")
    tree.notes += notes
    settled = [named[index] for index in kept]
    for label, class_name in enumerate(CLASSES):
        if not any(item.label == label for item in settled):
            raise tree.problem(f"expected {class_name} images in {tree.root}, found none")
    group, largest = Counter(item.group for item in settled).most_common(1)[0]
    if len(settled) >= 100 and largest > LARGE * len(settled):
        tree.note(f"one group ({group}) holds {largest:,} of the {len(settled):,} images")
    return settled


def list_domain(
    dataset: str, layout: ModuleType, facts: Facts, config: str, root: Path
) -> tuple[list[Item], list[str]]:
    """List the settled items of one domain from the folder `root`, and notes. Loads no TensorFlow, opens no image."""
    tree = ManualFolder(root, dataset, facts)
    tree.folder()
    return settle(layout.items(tree, config), tree), tree.notes


class ManualBuilder:
    """What the builders of this kind share; a builder derives from it and from `tfds.core.GeneratorBasedBuilder`.

    Attributes:
        FACTS: the catalogue's facts. LAYOUT: the module with `items`.
    """

    FACTS: Facts
    LAYOUT: ModuleType

    def _info(self: Any) -> Any:
        import tensorflow_datasets as tfds

        features = {
            "image": tfds.features.Image(),
            "label": tfds.features.ClassLabel(names=list(CLASSES)),
            "group": tfds.features.Text(),
            "name": tfds.features.Text(),
        }
        if self.FACTS.masks:
            # None or one: pristine images have no mask, and an invented black one would not be the data set's.
            features["mask"] = tfds.features.Sequence(tfds.features.Image(shape=(None, None, None)))
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(features),
            supervised_keys=("image", "label"),
            homepage=self.FACTS.page,
            metadata=tfds.core.MetadataDict(notes=[]),
        )

    def _split_generators(self: Any, dl_manager: Any) -> dict[str, Any]:
        root = Path(dl_manager.manual_dir)
        items, notes = list_domain(self.name, self.LAYOUT, self.FACTS, self.builder_config.name, root)
        self.info.metadata["notes"] = notes
        check = _Check(self.name, len(items), notes)
        used = [split for split in SPLITS if any(item.split == split for item in items)]
        return {split: self._generate_examples([i for i in items if i.split == split], check) for split in used}

    def _generate_examples(self: Any, items: list[Item], check: _Check) -> Iterator[tuple[str, dict[str, Any]]]:
        label = f"{self.name}/{self.builder_config.name} {items[0].split}"
        for item in progress_bar(items, desc=label, unit="image", leave=False):
            stored = check.read(item)
            if stored is None:
                continue
            image, mask = stored
            example = {"image": image, "label": item.label, "group": item.group, "name": item.name}
            if self.FACTS.masks:
                example["mask"] = [] if mask is None else [mask]
            yield item.name, example


class _Check:
    """Reads files, leaves out those that are no images, and stops where there are too many of them."""

    def __init__(self, dataset: str, total: int, notes: list[str]) -> None:
        self._dataset = dataset
        self._allowed = int(UNREADABLE * total)
        self._notes = notes
        self._known = list(notes)
        self._first: dict[str, str] = {}
        self._counts: Counter[str] = Counter()

    def read(self, item: Item) -> tuple[bytes, bytes | None] | None:
        """Read the bytes of an item's image and mask.

        None if the image cannot be read, no mask if its size is another.
        """
        try:
            image = item.path.read_bytes()
            header = read_header(image)
        except (OSError, ImageError) as error:
            reason = _reason(error)
            self._count("images left out, they cannot be read", f"{item.name}, {reason}")
            number = self._counts["images left out, they cannot be read"]
            if number > self._allowed:
                raise UserError(
                    f"{self._dataset}: {item.path} cannot be read ({reason}), number {number} of such files: was the "
                    "archive extracted completely?",
                    code=ErrorCode.DATA_SET_INCOMPLETE,
                ) from error
            return None
        if item.mask is None:
            return image, None
        try:
            mask = item.mask.read_bytes()
            found = read_header(mask)
        except (OSError, ImageError) as error:
            self._count("masks left out, they cannot be read", f"{item.mask.name}, {_reason(error)}")
            return image, None
        if (found.width, found.height) != (header.width, header.height):
            sizes = f"{found.width} x {found.height}, the image {header.width} x {header.height}"
            self._count("masks left out, they are not of their image's size", f"{item.mask.name}, {sizes}")
            return image, None
        return image, mask

    def _count(self, kind: str, example: str) -> None:
        self._counts[kind] += 1
        self._first.setdefault(kind, example)
        self._notes[:] = [
            *self._known,
            *(f"{count} {kind} (the first: {self._first[kind]})" for kind, count in self._counts.items()),
        ]


def _reason(error: OSError | ImageError) -> str:
    return error.reason if isinstance(error, ImageError) else error.strerror or "it cannot be opened"
