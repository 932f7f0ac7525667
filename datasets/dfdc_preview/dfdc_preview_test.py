"""DFDC preview: dataset.json decides, the official test is whole, and no actor stands on two sides."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from forensictransfer.datasets.dfdc_preview import layout
from forensictransfer.datasets.dfdc_preview.catalogue import CONFIGS, FACTS

from forensictransfer.core.errors import UserError
from forensictransfer.data.catalogue.manual import Item, list_domain

DUMMY = Path(__file__).parent / "dummy_data"


def listed(config: str, root: Path = DUMMY) -> tuple[list[Item], list[str]]:
    return list_domain("dfdc_preview", layout, FACTS, config, root)


def entries(root: Path = DUMMY) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((root / "dataset.json").read_text())
    return content


def path_of(item: Item) -> str:
    return item.name.rsplit("/", 2)[0] + ".mp4"


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[Callable[[dict[str, Any]], object]], Path]:
    """Make a copy of the dummy tree whose dataset.json was changed."""

    def edit(change: Callable[[dict[str, Any]], object]) -> Path:
        root = Path(shutil.copytree(DUMMY, tmp_path / "dfdc_preview"))
        content = entries(root)
        change(content)
        (root / "dataset.json").write_text(json.dumps(content))
        return root

    return edit


@pytest.mark.parametrize("config", CONFIGS)
def test_no_actor_stands_in_two_splits_and_the_test_is_whole(config: str) -> None:
    items, _ = listed(config)
    splits = defaultdict(set)
    for item in items:
        entry = entries()[path_of(item)]
        assert item.label == (entry["label"] == "fake") and item.group == f"dfdc_preview/{entry['target_id']}"
        for actor in filter(None, (entry["target_id"], entry["swapped_id"])):
            splits[actor].add(item.split)
    assert all(len(found) == 1 for found in splits.values())
    methods = tuple(f"{method}/" for method in ("original_videos", *layout.METHODS[config]))
    official = {path for path, entry in entries().items() if entry["set"] == "test" and path.startswith(methods)}
    assert {path_of(item) for item in items if item.split == "test"} == official


def test_what_is_left_out_is_counted() -> None:
    items, notes = listed("all")
    assert len(items) == len(entries()) - 2
    assert notes == [
        "1 training videos left out: an actor of the official test is in them",
        "1 fakes left out: one actor is in the training, the other in the validation part",
    ]


def test_names_help_out_where_an_entry_has_no_actors(edited: Callable[..., Path]) -> None:
    def strip(content: dict[str, Any]) -> None:
        for entry in content.values():
            entry.pop("target_id")
            entry.pop("swapped_id")

    told, guessed = listed("all"), listed("all", edited(strip))
    assert [item[1:5] for item in guessed[0]] == [item[1:5] for item in told[0]] and guessed[1] == told[1]


def test_the_list_decides_where_videos_are(edited: Callable[..., Path]) -> None:
    def flatten(content: dict[str, Any]) -> None:
        path = next(name for name in content if name.startswith("original_videos"))
        content[path.replace("/1003254_A/", "/")] = content.pop(path)

    root = edited(flatten)
    folder = root / "original_videos/1003254/1003254_A"
    (folder / "1003254_A_001").rename(root / "original_videos/1003254/moved")
    folder.rmdir()
    (root / "original_videos/1003254/moved").rename(root / "original_videos/1003254/1003254_A_001")
    assert "original_videos/1003254/1003254_A_001.mp4" in {path_of(item) for item in listed("all", root)[0]}


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content[next(iter(content))].update(label="unknown"),
        lambda content: content[next(iter(content))].pop("set"),
        lambda content: content.update({next(iter(content)): "train"}),
        lambda content: content.clear(),
    ],
)
def test_entries_that_say_nothing_are_told(edited: Callable[..., Path], change: Callable[..., object]) -> None:
    with pytest.raises(UserError, match="dataset.json", check=lambda error: error.code == "data-set-incomplete"):
        listed("all", edited(change))


def test_the_fake_videos_alone_are_not_enough(edited: Callable[..., Path]) -> None:
    root = edited(lambda content: None)
    for path in list((root / "original_videos").iterdir()):
        shutil.rmtree(path)
    with pytest.raises(UserError, match="real images", check=lambda error: error.code == "data-set-incomplete"):
        listed("all", root)
    (root / "original_videos").rename(root / "originals")
    with pytest.raises(
        UserError,
        match="original_videos, .*; perhaps you meant 'originals'",
        check=lambda error: error.code == "data-set-incomplete",
    ):
        listed("all", root)
