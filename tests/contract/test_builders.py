"""What every data set folder must hold and every builder must do; a new one is tested by being there.

A data set that is got by hand brings `dummy_data/`: a tiny tree that is laid out as the extracted files are.
"""

from __future__ import annotations

import ast
import re
import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from forensictransfer.core.errors import UserError
from forensictransfer.data.catalogue import builtin
from forensictransfer.data.catalogue.data_sets import DataSet, data_sets
from forensictransfer.data.catalogue.manual import Item, list_domain
from forensictransfer.data.encoded import read_header
from forensictransfer.data.folders.layout import SUFFIXES

SETS = data_sets()
MANUAL = {name: data_set for name, data_set in SETS.items() if data_set.facts.manual}
DOMAINS = [(name, config) for name, data_set in MANUAL.items() for config in data_set.configs]
SECTIONS = ("What is in it", "Licence", "How to get it", "The tree", "Splits and groups", "What could not be verified")
IMAGE_LIMIT = 2000  # bytes: dummy images are made, and tiny

every_set = pytest.mark.parametrize("name", SETS)
every_manual_set = pytest.mark.parametrize("name", MANUAL)
every_domain = pytest.mark.parametrize(("name", "config"), DOMAINS, ids=[f"{n}-{c}" for n, c in DOMAINS])


def folder(name: str) -> Path:
    return Path(str(SETS[name].module("catalogue").__file__)).parent


def dummy(name: str) -> Path:
    return folder(name) / "dummy_data"


def listed(data_set: DataSet, config: str, root: Path) -> list[Item]:
    return list_domain(data_set.name, data_set.module("layout"), data_set.facts, config, root)[0]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All dummy trees, built. Not to be changed."""
    built = tmp_path_factory.mktemp("built")
    for name, data_set in MANUAL.items():
        assert builtin.build_builtin(name, built, files=dummy(name)) == data_set.domains
    return built


@every_set
def test_the_catalogue_is_complete(name: str) -> None:
    data_set, facts = SETS[name], SETS[name].facts
    assert re.fullmatch(r"\d+\.\d+\.\d+", data_set.version)
    assert data_set.configs and all(re.fullmatch(r"[a-z0-9_]+", config) for config in data_set.configs)
    assert all(text and "\n" not in text for text in data_set.configs.values())
    for field in ("forgery", "content", "size", "licence", "obtained", "groups", "splits"):
        text = getattr(facts, field)
        assert text and "\n" not in text, field
    if facts.manual:
        assert facts.page.startswith("https://") and facts.files and facts.tree.strip()
        instructions = facts.instructions("FOLDER")
        assert facts.page in instructions and "FOLDER" in instructions
        assert all(file in instructions for file in facts.files)


@every_set
def test_the_folder_is_complete(name: str) -> None:
    place = folder(name)
    assert ast.get_docstring(ast.parse((place / "__init__.py").read_text(encoding="utf-8")))
    assert re.search(r"^@\w+\{\w+,$", (place / "CITATIONS.bib").read_text(encoding="utf-8"), re.MULTILINE)
    readme = (place / "README.md").read_text(encoding="utf-8")
    assert readme.startswith(f"# {name}\n")
    if SETS[name].facts.manual:
        headings = re.findall(r"^## (.+)$", readme, re.MULTILINE)
        assert [heading for heading in headings if heading in SECTIONS] == list(SECTIONS)
        assert SETS[name].facts.page in readme and f"manual/{name}" in readme


@every_set
def test_the_documents_name_the_data_set(name: str) -> None:
    documents = Path(__file__).resolve().parents[2] / "docs"
    text = (documents / "datasets.md").read_text(encoding="utf-8")
    assert f"[{name}](../datasets/{name}/README.md)" in text


@every_set
def test_tags_are_known_to_tfds(name: str) -> None:
    from tensorflow_datasets.core.dataset_metadata import valid_tags

    lines = (folder(name) / "TAGS.txt").read_text(encoding="utf-8").splitlines()
    assert lines and {line.split("#")[0].strip() for line in lines} <= set(valid_tags())


@every_manual_set
def test_the_builder_follows_the_catalogue(name: str) -> None:
    builder = SETS[name].module(f"{name}_dataset_builder").Builder
    assert builder.name == name and str(builder.VERSION) == SETS[name].version
    assert list(builder.builder_configs) == list(SETS[name].configs)
    assert SETS[name].facts.page in builder.MANUAL_DOWNLOAD_INSTRUCTIONS
    assert str(SETS[name].version) in builder.RELEASE_NOTES


@every_manual_set
def test_dummy_images_are_tiny(name: str) -> None:
    images = [path for path in dummy(name).rglob("*") if path.suffix.lower() in SUFFIXES]
    large = [path for path in images if path.stat().st_size > IMAGE_LIMIT]
    assert not large, f"expected files of at most {IMAGE_LIMIT} bytes"


@every_domain
def test_every_listed_image_has_class_group_and_split(name: str, config: str) -> None:
    items = listed(SETS[name], config, dummy(name))
    assert {item.label for item in items} == {0, 1}
    assert len({item.name for item in items}) == len(items)
    splits = defaultdict(set)
    for item in items:
        assert item.path.is_relative_to(dummy(name)) and item.path.is_file()
        # Groups of two data sets are the same only if they name the same photograph or person: they have a prefix.
        assert re.match(r"[a-z0-9_]+/.", item.group)
        splits[item.group].add(item.split)
    assert all(len(found) == 1 for found in splits.values())


@every_domain
def test_the_lister_keeps_its_official_splits(name: str, config: str) -> None:
    from forensictransfer.data.catalogue.extracted import ManualFolder

    data_set = SETS[name]
    official = {
        item.path: item.split
        for item in data_set.module("layout").items(ManualFolder(dummy(name), name, data_set.facts), config)
        if item.split is not None
    }
    kept = {item.path: item.split for item in listed(data_set, config, dummy(name))}
    assert all(kept.get(path, split) == split for path, split in official.items())
    if "official" in data_set.facts.splits and not official:
        assert "hash" in data_set.facts.splits, "expected a word on what is split by hash"


@every_domain
def test_the_stored_bytes_are_the_files_bytes(name: str, config: str, data_dir: Path) -> None:
    items = {item.name: item for item in listed(SETS[name], config, dummy(name))}
    examples = builtin.load_builtin(f"{name}/{config}", data_dir)
    assert {example.name for example in examples} == set(items)
    for example in examples:
        item = items[example.name]
        assert (example.label, example.group, example.split) == (item.label, item.group, item.split)
        assert example.image == item.path.read_bytes()
        if example.mask is not None:
            assert item.mask is not None and example.mask == item.mask.read_bytes()
            mask, image = read_header(item.mask), read_header(item.path)
            assert (mask.width, mask.height) == (image.width, image.height)
        else:
            assert item.mask is None


@every_manual_set
def test_masks_are_there_where_the_catalogue_says(name: str) -> None:
    masks = [item for config in SETS[name].configs for item in listed(SETS[name], config, dummy(name)) if item.mask]
    assert bool(masks) == SETS[name].facts.masks
    assert all(item.label == 1 for item in masks)


@every_manual_set
def test_tfds_reads_what_was_built(name: str, data_dir: Path) -> None:
    import tensorflow_datasets as tfds

    config = next(iter(SETS[name].configs))
    builder = tfds.builder_from_directory(data_dir / name / config / SETS[name].version)
    assert builder.info.features["label"].names == ["real", "fake"]
    raw = {"image": tfds.decode.SkipDecoding()}
    if SETS[name].facts.masks:
        raw["mask"] = tfds.decode.SkipDecoding()
    for split in builder.info.splits:
        expected = {e.name: e for e in builtin.load_builtin(f"{name}/{config}", data_dir) if e.split == split}
        for item in tfds.as_numpy(builder.as_dataset(split=split, decoders=raw)):
            example = expected.pop(item["name"].decode())
            assert item["image"] == example.image and item["label"] == example.label
            if SETS[name].facts.masks:
                assert list(item["mask"]) == ([] if example.mask is None else [example.mask])
        assert not expected


def needing(name: str, root: Path) -> list[UserError]:
    """What the domains of a data set say of a tree; nothing if they can all do with it."""
    errors = []
    for config in SETS[name].configs:
        try:
            listed(SETS[name], config, root)
        except UserError as error:
            errors.append(error)
    return errors


def one_clear_line(error: UserError, name: str) -> None:
    text = str(error)
    assert "\n" not in text and text.startswith(f"{name}") and "expected" in text, text
    assert SETS[name].facts.page in text


@every_manual_set
def test_files_that_are_not_there_are_named_with_their_page(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        builtin.build_builtin(name, tmp_path)
    one_clear_line(caught.value, name)
    assert str(tmp_path / "manual" / name) in str(caught.value)
    assert all(file in str(caught.value) for file in SETS[name].facts.files)
    assert not (tmp_path / name).exists()


@every_manual_set
def test_a_renamed_folder_is_named(name: str, tmp_path: Path) -> None:
    for top in sorted(path for path in dummy(name).iterdir() if path.is_dir()):
        root = tmp_path / top.name
        shutil.copytree(dummy(name), root)
        (root / top.name).rename(root / f"{top.name} (1)")
        errors = needing(name, root)
        assert errors, f"nothing was said of {top.name}, which is missing"
        for error in errors:
            one_clear_line(error, name)
            assert str(root / top.name) in str(error)


@every_manual_set
@pytest.mark.parametrize("label", [0, 1], ids=["reals", "fakes"])
def test_a_half_extracted_tree_is_refused(name: str, label: int, tmp_path: Path) -> None:
    config = next(iter(SETS[name].configs))
    root = tmp_path / "files"
    shutil.copytree(dummy(name), root)
    for item in listed(SETS[name], config, root):
        if item.label == label:
            item.path.unlink()
    with pytest.raises(UserError) as caught:
        listed(SETS[name], config, root)
    one_clear_line(caught.value, name)
    assert str(root) in str(caught.value)


@every_manual_set
def test_files_that_break_off_stop_the_build(name: str, tmp_path: Path, capsys: Any) -> None:
    root = tmp_path / "files"
    shutil.copytree(dummy(name), root)
    config = next(iter(SETS[name].configs))
    for item in listed(SETS[name], config, root):
        item.path.write_bytes(b"")
    with pytest.raises(UserError, check=lambda error: error.code == "data-set-incomplete") as caught:
        builtin.build_builtin(f"{name}/{config}", tmp_path / "data", files=root)
    assert "\n" not in str(caught.value) and str(root) in str(caught.value)
    assert not builtin.is_built(f"{name}/{config}", tmp_path / "data")
    assert not list((tmp_path / "data").rglob("*.tfrecord*"))
