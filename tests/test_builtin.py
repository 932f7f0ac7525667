"""Built-in data sets: named without TensorFlow, built once and whole, read as they were stored."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from forensictransfer.data import builtin
from forensictransfer.errors import UserError

NAME = "forged_photos/retouch"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one built domain. Not to be changed."""
    folder = tmp_path_factory.mktemp("data")
    assert builtin.build_builtin(NAME, folder) == (NAME,)
    return folder


def test_names_come_without_tensorflow() -> None:
    code = (
        "import sys, json; from forensictransfer.data.builtin import builtin_names, builtin_descriptions;"
        "heavy = [name for name in ('tensorflow', 'tensorflow_datasets', 'keras', 'skimage') if name in sys.modules];"
        "print(json.dumps([builtin_names(), list(builtin_descriptions()), heavy]))"
    )
    names, described, heavy = json.loads(subprocess.check_output([sys.executable, "-c", code], text=True))
    assert len(names) == 7 and names[0] == "forged_photos/splice" and names == described and not heavy


def test_every_example_comes_as_it_was_stored(data_dir: Path) -> None:
    examples = builtin.load_builtin(NAME, data_dir)
    sizes = {(split, label): 0 for split in builtin.SPLITS for label in (0, 1)}
    for example in examples:
        sizes[example.split, example.label] += 1
        assert example.name.startswith(f"{example.split}/{builtin.LABELS[example.label]}/{example.group}")
    assert list(sizes.values()) == [220, 220, 60, 60, 100, 100]
    assert len({example.name for example in examples}) == len(examples) == 760
    image = Image.open(io.BytesIO(examples[0].image))
    assert (image.format, image.size) == ("JPEG", (128, 128))
    assert examples == sorted(examples, key=lambda example: (builtin.SPLITS.index(example.split), example.name))


def test_what_is_built_is_left_alone(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in data_dir.rglob("*")}
    assert builtin.is_built(NAME, data_dir)
    assert builtin.build_builtin(NAME, data_dir) == ()
    assert {path: path.stat().st_mtime_ns for path in data_dir.rglob("*")} == before
    assert capsys.readouterr() == ("", "")


def test_overwrite_replaces_what_is_there_and_keeps_stdout_clean(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "forged_photos" / "retouch" / "1.0.0"
    target.mkdir(parents=True)
    (target / "dataset_info.json").write_text("{}")
    (target / "features.json").write_text("{}")
    assert builtin.build_builtin(NAME, tmp_path, overwrite=True) == (NAME,)
    out, err = capfd.readouterr()
    assert out == "" and "forged_photos/retouch" in err
    assert len(builtin.load_builtin(NAME, tmp_path)) == 760
    assert [path.name for path in target.parent.iterdir()] == ["1.0.0"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("forged_photo", "'forged_photos'"), ("forged_photos/splices", "'forged_photos/splice'")],
)
def test_an_unknown_name_is_answered_with_the_nearest(name: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"perhaps you meant {hint}"):
        builtin.build_builtin(name, tmp_path)
    with pytest.raises(UserError, match="no built-in"):
        builtin.load_builtin(name, tmp_path)


def test_reading_before_building_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"run `forensictransfer data build forged_photos`"):
        builtin.load_builtin(NAME, tmp_path)


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(UserError, match=r"cannot build forged_photos/retouch in .*file") as caught:
        builtin.build_builtin(NAME, tmp_path / "file")
    assert "\n" not in str(caught.value)


def test_a_build_that_fails_leaves_what_was_there(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from forensictransfer.datasets.forged_photos.forged_photos_dataset_builder import Builder

    def fail(self: Any, **_: Any) -> None:
        (Path(self.data_dir).parent / "half").mkdir(parents=True)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Builder, "download_and_prepare", fail)
    with pytest.raises(UserError, match="No space left on device"):
        builtin.build_builtin(NAME, tmp_path)
    assert not builtin.is_built(NAME, tmp_path) and not list(tmp_path.rglob("*half*"))
    with pytest.raises(UserError, match="No space left on device"):
        builtin.build_builtin(NAME, data_dir, overwrite=True)
    assert builtin.is_built(NAME, data_dir)
