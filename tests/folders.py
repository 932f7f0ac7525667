"""Folders as a domain is opened from them, and what is said of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import DataSettings
from forensictransfer.data.domains import Domain, open_domain
from forensictransfer.data.splits import split_of


def fill(folder: Path, *names: str) -> Path:
    """Empty files: opening a domain reads none of them."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def seen(domain: Domain) -> dict[str, tuple[int, str]]:
    """Label and group of each image, by name."""
    return {record.name: (record.label, record.group) for record in domain.records}


def refused(code: str, spec: str | Path, group: str | None = None) -> str:
    """The message of a refusal of this code; it must be one line."""
    with pytest.raises(UserError, check=lambda error: error.code == code) as caught:
        open_domain(spec, group=group, data=DataSettings())
    assert "\n" not in str(caught.value)
    return str(caught.value)


def copy_from_train_to_test(learned_from: Path, tested_on: Path) -> str:
    """Copy a real photograph of one domain's train split into another's test split; returns its name there."""
    shares = DataSettings().split
    learned = next(path for path in sorted((learned_from / "real").iterdir()) if split_of(path.stem, shares) == "train")
    name = next(f"copy{number}" for number in range(99) if split_of(f"copy{number}", shares) == "test")
    shutil.copy(learned, tested_on / "real" / f"{name}.png")
    return name
