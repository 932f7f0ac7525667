"""Built-in data sets: named without TensorFlow, built once and whole, read as they were stored."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import DataSettings
from forensictransfer.data.catalogue import builtin
from forensictransfer.data.catalogue.data_sets import data_sets
from forensictransfer.data.domains import open_domain
from forensictransfer.data.masks import read_mask
from forensictransfer.data.stored import StoredImage

NAME = "forged_photos/retouch"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one built domain. Not to be changed."""
    folder = tmp_path_factory.mktemp("data")
    assert builtin.build_builtin(NAME, folder) == (NAME,)
    return folder


def test_names_come_without_tensorflow() -> None:
    code = (
        "import sys, json; from forensictransfer.data.catalogue.builtin import builtin_names, builtin_descriptions;"
        "heavy = [name for name in ('tensorflow', 'tensorflow_datasets', 'keras', 'skimage') if name in sys.modules];"
        "print(json.dumps([builtin_names(), list(builtin_descriptions()), heavy]))"
    )
    names, described, heavy = json.loads(subprocess.check_output([sys.executable, "-c", code], text=True))
    assert names == described and not heavy
    assert next(name for name in names if name.startswith("forged_photos/")) == "forged_photos/splice"


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


def test_masks_of_a_built_domain_are_those_of_its_fakes(data_dir: Path) -> None:
    domain = open_domain(NAME, data=DataSettings(data_dir=str(data_dir)))
    assert "masks: 380 of 380 fakes have one" in domain.notes
    records = domain.split("test")
    assert [record.mask is not None for record in records] == [record.label == 1 for record in records]
    mask = next(record.mask for record in records if record.mask is not None)
    assert 0.3 < read_mask(mask, (128, 128)).mean() < 0.7


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
    out, _ = capfd.readouterr()
    assert out == ""
    assert len(builtin.load_builtin(NAME, tmp_path)) == 760
    assert [path.name for path in target.parent.iterdir()] == ["1.0.0"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("forged_photo", "'forged_photos'"), ("forged_photos/splices", "'forged_photos/splice'")],
)
def test_an_unknown_name_is_answered_with_the_nearest(name: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=hint, check=lambda error: error.code == "name-unknown"):
        builtin.build_builtin(name, tmp_path)
    with pytest.raises(UserError, check=lambda error: error.code == "name-unknown"):
        builtin.load_builtin(name, tmp_path)


def test_reading_before_building_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(
        UserError,
        match=r"run `forensictransfer data build forged_photos/retouch`",
        check=lambda error: error.code == "data-set-not-built",
    ):
        builtin.load_builtin(NAME, tmp_path)


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(
        UserError, match="forged_photos/retouch", check=lambda error: error.code == "data-set-not-built"
    ) as caught:
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
    with pytest.raises(
        UserError, match="No space left on device", check=lambda error: error.code == "data-set-not-built"
    ):
        builtin.build_builtin(NAME, tmp_path)
    assert not builtin.is_built(NAME, tmp_path) and not list(tmp_path.rglob("*half*"))
    with pytest.raises(
        UserError, match="No space left on device", check=lambda error: error.code == "data-set-not-built"
    ):
        builtin.build_builtin(NAME, data_dir, overwrite=True)
    assert builtin.is_built(NAME, data_dir)


def test_images_stay_in_their_file_until_they_are_read(data_dir: Path) -> None:
    found, loaded = builtin.find_builtin(NAME, data_dir), builtin.load_builtin(NAME, data_dir)
    assert [example[:4] for example in found] == [example[:4] for example in loaded]
    for example, other in zip(found[::50], loaded[::50], strict=True):
        assert isinstance(example.image, StoredImage) and example.image.read_bytes() == other.image


def test_reading_does_not_load_tensorflow(data_dir: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from forensictransfer.data.catalogue.builtin import load_builtin;"
        f"assert len(load_builtin({NAME!r}, Path({str(data_dir)!r}))) == 760;"
        "assert not {'tensorflow', 'tensorflow_datasets'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_build_that_was_stopped_goes_on_with_the_next_domain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "forensictransfer")
    files = Path(str(data_sets()["casia_v2"].module("catalogue").__file__)).parent / "dummy_data"
    real_build, built = builtin._build, []

    def stop_at_the_second(data_set: Any, domain: str, *rest: Any) -> None:
        if len(built) == 1:
            raise KeyboardInterrupt
        built.append(domain)
        real_build(data_set, domain, *rest)

    monkeypatch.setattr(builtin, "_build", stop_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        builtin.build_builtin("casia_v2", tmp_path, files=files)
    monkeypatch.undo()
    before = (tmp_path / "casia_v2" / "splicing").stat().st_mtime_ns
    assert builtin.build_builtin("casia_v2", tmp_path, files=files) == ("casia_v2/copy_move", "casia_v2/all")
    assert (tmp_path / "casia_v2" / "splicing").stat().st_mtime_ns == before
    assert any("casia_v2/all" in line for line in caplog.messages)


def test_the_usual_place_of_files_got_by_hand(tmp_path: Path) -> None:
    dummy = Path(str(data_sets()["ciplab_faces"].module("catalogue").__file__)).parent / "dummy_data"
    (tmp_path / "manual").mkdir()
    (tmp_path / "manual" / "ciplab_faces").symlink_to(dummy, target_is_directory=True)
    assert builtin.build_builtin("ciplab_faces", tmp_path) == ("ciplab_faces/photoshop",)
    assert {example.label for example in builtin.find_builtin("ciplab_faces/photoshop", tmp_path)} == {0, 1}


def test_an_empty_place_and_files_for_what_is_made_here(tmp_path: Path) -> None:
    (tmp_path / "manual" / "casia_v2").mkdir(parents=True)
    with pytest.raises(
        UserError,
        match="casia_v2.*`forensictransfer data list c",
        check=lambda error: error.code == "data-set-incomplete",
    ):
        builtin.build_builtin("casia_v2", tmp_path)
    with pytest.raises(UserError, check=lambda error: error.code == "arguments-conflict"):
        builtin.build_builtin("forged_photos/splice", tmp_path, files=tmp_path)


def test_remarks_of_the_build_are_logged_and_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "forensictransfer")
    files = Path(str(data_sets()["casia_v2"].module("catalogue").__file__)).parent / "dummy_data"
    builtin.build_builtin("casia_v2/splicing", tmp_path, files=files)
    notes = builtin.builtin_notes("casia_v2/splicing", tmp_path)
    assert notes == (
        "8 of 7,491 images found of Au: was the archive extracted completely?",
        "8 of 5,123 images found of Tp: was the archive extracted completely?",
        "tampered images without a mask in CASIA 2 Groundtruth: 1",
    )
    assert all(caplog.messages.count(f"casia_v2/splicing: {note}") == 1 for note in notes)
    assert builtin.builtin_notes("casia_v2/all", tmp_path) == ()


def test_a_few_broken_files_and_odd_masks_are_left_out_and_counted(tmp_path: Path) -> None:
    dummy = Path(str(data_sets()["casia_v2"].module("catalogue").__file__)).parent / "dummy_data"
    files = Path(shutil.copytree(dummy, tmp_path / "files"))
    for number in range(200):
        shutil.copy(files / "Au" / "Au_ani_00001.jpg", files / "Au" / f"Au_nat_1{number:04d}.jpg")
    (files / "Au" / "Au_nat_10007.jpg").write_bytes(b"")
    (files / "Au" / "Au_nat_10003.jpg").write_bytes(b"no image")
    masks = sorted((files / "CASIA 2 Groundtruth").glob("Tp_D*"))
    Image.new("L", (8, 12)).save(masks[0])
    masks[1].write_bytes(b"")
    builtin.build_builtin("casia_v2/splicing", tmp_path, files=files)
    examples = {Path(e.name).stem: e for e in builtin.load_builtin("casia_v2/splicing", tmp_path)}
    assert len(examples) == 8 + 198 + 5 and not {"Au_nat_10003", "Au_nat_10007"} & set(examples)
    assert [examples[mask.stem.removesuffix("_gt")].mask for mask in masks[:2]] == [None, None]
    assert all(examples[mask.stem.removesuffix("_gt")].mask == mask.read_bytes() for mask in masks[2:])
    notes = " | ".join(builtin.builtin_notes("casia_v2/splicing", tmp_path))
    assert "2 images left out, they cannot be read (the first: Au/Au_nat_1000" in notes
    assert f"1 masks left out, they are not of their image's size (the first: {masks[0].name}, 8 x 12, the" in notes
    assert f"1 masks left out, they cannot be read (the first: {masks[1].name}, expected PNG" in notes


def test_reading_is_as_fast_as_plain_tfds(data_dir: Path) -> None:
    """Within 20 % of TFDS' own raw reading; measured as a ratio in one run, the best of three of each."""
    import tensorflow_datasets as tfds

    builder = tfds.builder_from_directory(data_dir / "forged_photos" / "retouch" / "1.0.0")

    def plain() -> int:
        decoders = {"image": tfds.decode.SkipDecoding(), "mask": tfds.decode.SkipDecoding()}
        stored = [builder.as_dataset(split=split, decoders=decoders) for split in builtin.SPLITS]
        return sum(len(item["image"]) for split in stored for item in tfds.as_numpy(split))

    def ours() -> int:
        return sum(len(example.image) for example in builtin.load_builtin(NAME, data_dir))  # type: ignore[arg-type]

    best: dict[str, float] = {}
    totals: set[int] = set()
    for read in (plain, ours):
        times = []
        for _ in range(3):
            start = time.perf_counter()
            total = read()
            times.append(time.perf_counter() - start)
            totals.add(total)
        best[read.__name__] = min(times)
    assert len(totals) == 1
    assert best["ours"] < 1.25 * best["plain"], best
