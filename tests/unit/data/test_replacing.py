"""Folders of data are replaced only where they are what they are taken for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from forensictransfer.auditing.equalise.write import _check_equalised, _new_names
from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import DataSettings, DomainSettings
from forensictransfer.data.catalogue.builtin import build_builtin
from forensictransfer.data.contact_sheet import sheet
from forensictransfer.data.domains import open_domain
from forensictransfer.data.records import CLASSES, Record
from forensictransfer.data.video.clip import check_crops
from forensictransfer.data.video.records import Records
from forensictransfer.data.video.settings import FaceSettings
from forensictransfer.results.places import check_output


def test_a_build_replaces_no_other_files(tmp_path: Path) -> None:
    folder = tmp_path / "forged_photos" / "splice" / "1.0.0"
    folder.mkdir(parents=True)
    (folder / "mine.txt").touch()
    for content in (None, {"name": "mine"}, {"name": "casia_v2"}):
        if content is not None:
            (folder / "dataset_info.json").write_text(json.dumps(content))
        for overwrite in (False, True):
            with pytest.raises(UserError, check=lambda error: error.code == "path-exists") as caught:
                build_builtin("forged_photos/splice", tmp_path, overwrite)
            assert str(caught.value).startswith(f"{folder}: ")
    assert (folder / "mine.txt").exists()
    (folder / "dataset_info.json").write_text('{"name": "forged_photos"}')
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="link", check=lambda error: error.code == "path-exists"):
        build_builtin("forged_photos/splice", tmp_path, True)
    assert (tmp_path / "elsewhere" / "mine.txt").exists()


def test_only_crops_are_replaced_by_crops(tmp_path: Path) -> None:
    folder = tmp_path / "video"
    (folder / "00").mkdir(parents=True)
    (folder / "00" / "video_00_000012.png").touch()
    check_crops(folder)
    for name in ("00/holiday.png", "00/video_01_000012.png", "notes.txt"):
        (folder / name).touch()
        with pytest.raises(UserError, match=name, check=lambda error: error.code == "path-exists"):
            check_crops(folder)
        (folder / name).unlink()
    (folder / "01").symlink_to(tmp_path)
    with pytest.raises(UserError, match="01"):
        check_crops(folder)
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(UserError, match="link"):
        check_crops(tmp_path / "link")


def test_faces_go_to_no_folder_of_other_files(tmp_path: Path) -> None:
    records = Records(tmp_path / "out", FaceSettings(), {}, with_masks=False)
    records.check(overwrite=False)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "faces.json").write_text('{"mine": 1}')
    for overwrite in (False, True):
        with pytest.raises(UserError, check=lambda error: error.code == "path-exists"):
            records.check(overwrite=overwrite)
    (tmp_path / "out" / "faces.json").unlink()
    records.begin()
    (tmp_path / "out" / "list.txt").touch()
    records.check(overwrite=False)  # begun, and stopped before the first video was finished


def test_only_equalised_domains_are_replaced_by_one(tmp_path: Path) -> None:
    for content in ("{", "[]", "{}", '{"from": "x"}'):
        (tmp_path / "mend.json").write_text(content)
        with pytest.raises(UserError, check=lambda error: error.code == "path-exists"):
            _check_equalised(tmp_path)
    (tmp_path / "mend.json").write_text('{"from": "x", "fingerprint": "0", "quality": 90}')
    _check_equalised(tmp_path)


@pytest.mark.parametrize("name", ["...", "", " ", "NUL", "x" * 300])
def test_a_domain_of_a_name_that_no_folder_can_have_is_not_opened(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, check=lambda error: error.code == "name-unsuitable") as caught:
        open_domain(DomainSettings(path=str(tmp_path), name=name), data=DataSettings())
    assert str(caught.value).startswith(f"{tmp_path}: ")


def test_no_two_equalised_images_share_a_file() -> None:
    names = ["real/a.png", "real/a.jpg", "real/a_1.jpg", "real/a_0.jpg", "real/A_0_.jpg", "fake/a.png"]
    records = [Record(name, int(name.startswith("fake")), str(i), "train", Path(name)) for i, name in enumerate(names)]
    new = _new_names(records, given=False)
    assert len({name.lower() for name in new}) == len(names)
    assert new[2:4] == ["real/a_1.jpg", "real/a_0.jpg"] and new[-1] == "fake/a.jpg"


def test_a_contact_sheet_is_no_image_of_the_domain_and_shows_any_name(tmp_path: Path) -> None:
    for kind in CLASSES:
        for stem in ("a", "b\nc", "d\x1b[31m|"):
            (tmp_path / kind).mkdir(exist_ok=True)
            Image.new("RGB", (64, 64)).save(tmp_path / kind / f"{stem}.png")
    before = (tmp_path / "real" / "a.png").read_bytes()
    with pytest.raises(UserError, check=lambda error: error.code == "path-exists"):
        sheet(tmp_path, tmp_path / "real" / "a.png")
    assert (tmp_path / "real" / "a.png").read_bytes() == before
    for _ in range(2):  # a sheet replaces a sheet
        assert "3 real and 3 fake" in sheet(tmp_path, tmp_path / "sheet.png")


def test_tables_and_findings_replace_no_result(tmp_path: Path) -> None:
    (tmp_path / "run" / "evaluations" / "a").mkdir(parents=True)
    results = ["run/run.json", "run/evaluations/a/metrics.json", "run/history.csv"]
    for name in results:
        (tmp_path / name).write_text("{}")
    for name in results:
        with pytest.raises(UserError, check=lambda error: error.code == "path-exists"):
            check_output(tmp_path / name)
    (tmp_path / "run" / "table.csv").touch()
    (tmp_path / "metrics.json").touch()
    for name in ("run/table.csv", "run/new.json", "metrics.json", "nowhere/run.json"):
        check_output(tmp_path / name)
