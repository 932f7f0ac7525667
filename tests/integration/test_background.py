"""`adapt --background`: photographs of the user's own say how features vary with content, instead of the source's."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import forensictransfer as ft
from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import DataSettings
from forensictransfer.data.domains import open_domain
from forensictransfer.data.photographs import FEWEST, MOST, open_photographs, photographs_name
from tests.commands import run_command


@pytest.fixture(scope="module")
def photographs(make_photograph: Callable[..., Image.Image], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with sub-folders of photographs, an unreadable one among them. Not to be changed."""
    folder = tmp_path_factory.mktemp("background") / "holiday"
    for number in range(FEWEST + 2):
        place = folder / f"day{number % 3}"
        place.mkdir(parents=True, exist_ok=True)
        make_photograph(number + 500).save(place / f"{number}.png")
    (folder / "broken.jpg").write_bytes(b"no image")
    return folder


def test_the_background_is_that_of_the_photographs(
    trained: Path, target: Path, photographs: Path, tmp_path: Path
) -> None:
    """Those that the target is tested on are left out, and the run tells what it used."""
    shared = tmp_path / "shared"
    shutil.copytree(photographs, shared)
    tested = [one for one in open_domain(target, data=DataSettings()).split("test") if one.label == 0][:2]
    for number, record in enumerate(tested):
        shutil.copy(str(record.source), shared / f"copy{number}.png")
    words = ("adapt", trained, "--target", target, "--strategy", "head", "--shots", 3, "--draws", 1)
    done = run_command(*words, "--background", shared, target, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    data = json.loads((tmp_path / "out/data.json").read_text())
    first, second = data["background"]
    assert (first["name"], first["photographs"], first["tested"]) == ("shared", FEWEST + 2, 2)
    assert [name for name, _ in first["skipped"]] == ["broken.jpg"] and len(first["fingerprint"]) == 64
    assert second["name"] == "target" and second["photographs"] > FEWEST and second["tested"] == 0
    info = json.loads((tmp_path / "out/run.json").read_text())
    assert info["background"] == "shared + target"
    own = ft.adapt(trained, target, tmp_path / "own", strategy="head", settings={"adapt.shots": 3, "adapt.draws": 1})
    weights = [json.loads((run / "draws/0/decision.json").read_text())["weights"] for run in (tmp_path / "out", own)]
    assert not np.allclose(*weights)
    table = ft.table(tmp_path / "out", own)
    assert "background shared + target" in table and "background source" in table
    assert "shared + target" in ft.table(tmp_path / "out")


def test_a_folder_of_photographs_is_listed_alike_every_time(photographs: Path, target: Path, tmp_path: Path) -> None:
    first, again = (open_photographs(str(photographs), DataSettings()) for _ in range(2))
    assert first == again and len(first.records) == FEWEST + 3 and {one.label for one in first.records} == {0}
    many = tmp_path / "many"
    many.mkdir()
    for number in range(MOST + 50):
        (many / f"{number}.jpg").write_bytes(b"")
    chosen = open_photographs(str(many), DataSettings()).records
    (many / "0.jpg").unlink()
    fewer = open_photographs(str(many), DataSettings()).records
    assert len(chosen) == MOST and len({one.name for one in chosen} & {one.name for one in fewer}) >= MOST - 1
    assert photographs_name(str(target / "real")) == "target/real" and photographs_name(str(many)) == "many"
    train = open_domain(target, data=DataSettings()).split("train")
    assert {one.name for one in open_photographs(str(target), DataSettings()).records} == {one.name for one in train}


@pytest.mark.parametrize(
    ("images", "said", "code"),
    [
        (None, "there is no such folder of photographs", "path-missing"),
        (0, f"expected at least {FEWEST} readable photographs for the background, found 0", "too-few-images"),
        (FEWEST - 1, f"found {FEWEST - 1}", "too-few-images"),
    ],
)
def test_a_background_of_nothing_is_refused_before_anything_is_done(
    trained: Path, target: Path, tmp_path: Path, images: int | None, said: str, code: str
) -> None:
    folder = tmp_path / "photos"
    if images is not None:
        folder.mkdir()
        for number in range(images):
            (folder / f"{number}.jpg").write_bytes(b"")
    with pytest.raises(UserError, match=said, check=lambda error: error.code == code):
        ft.adapt(trained, target, tmp_path / "out", settings={"adapt.background": [str(folder)]})
    assert not (tmp_path / "out").exists()


def test_photographs_that_cannot_be_read_do_not_count(trained: Path, target: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(FEWEST):
        (folder / f"{number}.jpg").write_bytes(b"no image")
    with pytest.raises(UserError, match=rf"found 0 \({FEWEST} cannot be read, 0 stand in a test split\)"):
        ft.adapt(trained, target, tmp_path / "out", strategy="head", settings={"adapt.background": [str(folder)]})
    assert not (tmp_path / "out").exists()
