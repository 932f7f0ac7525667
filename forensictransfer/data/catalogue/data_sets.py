"""What is known of the built-in data sets without TensorFlow: their names, versions, domains and facts."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import forensictransfer.datasets

MADE_HERE = "made here"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What `data list` says of a data set, and where its images are got.

    forgery: how the fakes came about, a few words. content: what the images show. size: how many images, of which size.
    licence: the terms in a few words, "not stated" where nobody says. obtained: `made here` for what this program
    makes itself, else a few words: "download", "Kaggle account", "form".
    groups: what a group is. splits: "official", or "by hash of the group", or which part is which.
    page: where the files are got; files: the archives' names; tree: the folders that must be there once they are
    unpacked, drawn, below the data set's own folder. Empty for what is made here.
    masks: whether some images come with a mask of what was changed.
    """

    forgery: str
    content: str
    size: str
    licence: str
    obtained: str
    groups: str
    splits: str
    page: str = ""
    files: tuple[str, ...] = ()
    tree: str = ""
    masks: bool = False

    @property
    def manual(self) -> bool:
        """Whether the user puts the files into a folder by hand."""
        return self.obtained != MADE_HERE

    def instructions(self, folder: str) -> str:
        """Say in some lines how to get the files and where they go; `folder` is the data set's own folder."""
        if not self.manual:
            return f"Nothing to get: {MADE_HERE}.\n"
        lines = ["Nothing is downloaded for you.", f"1. Get {_listed(self.files)} from {self.page} ({self.obtained})."]
        lines += [f"2. Unpack into {folder} (or link it there), so that it holds:", ""]
        return "\n".join([*lines, *(f"    {line}" for line in self.tree.strip("\n").split("\n")), ""])


@dataclass(frozen=True)
class DataSet:
    """One built-in data set: its name, version, the domains in it with a line on each, and its facts."""

    name: str
    version: str
    configs: dict[str, str]
    facts: Facts

    @property
    def domains(self) -> tuple[str, ...]:
        """`NAME/CONFIG` of each domain, in the catalogue's order."""
        return tuple(f"{self.name}/{config}" for config in self.configs)

    def module(self, part: str) -> ModuleType:
        """Import a module of the data set: `catalogue`, `layout`, or `NAME_dataset_builder` (loads TensorFlow)."""
        return importlib.import_module(f"forensictransfer.datasets.{self.name}.{part}")


def data_sets() -> dict[str, DataSet]:
    """Find all built-in data sets by name, sorted: every folder of builders that has a `catalogue.py`."""
    found = {}
    for root in forensictransfer.datasets.__path__:
        for file in Path(root).glob("*/catalogue.py"):
            name = file.parent.name
            module = importlib.import_module(f"forensictransfer.datasets.{name}.catalogue")
            found[name] = DataSet(name, module.VERSION, module.CONFIGS, module.FACTS)
    return dict(sorted(found.items()))


def manual_folder(name: str, data_dir: Path) -> Path:
    """Return the folder where the user puts the files of the data set `name`."""
    return Path(data_dir).expanduser().absolute() / "manual" / name


def _listed(files: tuple[str, ...]) -> str:
    return files[0] if len(files) == 1 else f"{', '.join(files[:-1])} and {files[-1]}"
