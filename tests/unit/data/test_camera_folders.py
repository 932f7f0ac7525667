"""Photographs by camera: EXIF before folders, sizes apart, cameras held out, and what is too little."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import DataSettings
from forensictransfer.data.cameras.folders import CameraFolder, open_camera_folder
from forensictransfer.data.cameras.photographs import CameraPhotographs
from forensictransfer.data.images import Images


def photograph(
    path: Path, *, model: str | None = None, size: tuple[int, int] = (64, 56), orientation: int = 1, value: int = 0
) -> None:
    """Write a photograph, (width, height), whose first row as stored is white."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((size[1], size[0], 3), value, np.uint8)
    pixels[0] = 255
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    if model is not None:
        exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Maker", model
    Image.fromarray(pixels).save(path, exif=exif)


def opened(folder: Path, fewest: int = 4) -> CameraFolder:
    return open_camera_folder(folder, DataSettings(), fewest=fewest, smallest=48)


def splits(found: CameraFolder) -> dict[str, set[str]]:
    """The splits that the photographs of each camera stand in."""
    by_camera: dict[str, set[str]] = {}
    for record in found.domain.records:
        by_camera.setdefault(found.cameras[record.name], set()).add(record.split)
    return by_camera


def test_exif_names_a_camera_and_folders_the_others(tmp_path: Path) -> None:
    for number in range(8):
        photograph(tmp_path / "holidays" / f"{number}.png", model="One", value=number)
        photograph(tmp_path / "old" / f"{number}.png", value=number)
        photograph(tmp_path / "old" / f"small{number}.png", size=(56, 64), value=number)
    photograph(tmp_path / "tiny.png", size=(40, 64))
    photograph(tmp_path / "lone.png")
    photograph(tmp_path / "only.png", model="Of one photograph")
    (tmp_path / "broken.jpg").write_bytes(b"nothing")
    found = opened(tmp_path)
    assert set(found.cameras.values()) == {"Maker One, 64 x 56", "old, 64 x 56", "old, 56 x 64"}
    assert len(found.domain.records) == 24 and all(record.label == 0 for record in found.domain.records)
    notes = " ".join(found.domain.notes)
    assert "24 photographs of 3 cameras, 8 by EXIF, the others by their folder" in notes
    assert "2 cameras with fewer than 4" in notes and "smaller than 48" in notes and "broken.jpg" in notes


def test_whole_cameras_are_held_out_where_there_are_enough(tmp_path: Path) -> None:
    for camera in range(9):
        for number in range(4):
            photograph(tmp_path / f"camera{camera}" / f"{number}.png", value=10 * camera + number)
    by_camera = splits(opened(tmp_path))
    assert all(len(one) == 1 for one in by_camera.values())
    assert sum(one == {"validation"} for one in by_camera.values()) == 2
    assert by_camera == splits(opened(tmp_path))  # always the same ones


def test_of_few_cameras_some_photographs_of_each_are(tmp_path: Path) -> None:
    for camera in range(2):
        for number in range(8):
            photograph(tmp_path / f"camera{camera}" / f"{number}.png", value=10 * camera + number)
    found = opened(tmp_path)
    assert all(one == {"train", "validation"} for one in splits(found).values())
    assert sum(record.split == "validation" for record in found.domain.records) == 8


def test_too_little_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder", check=lambda error: error.code == "path-missing"):
        opened(tmp_path / "nowhere")
    for number in range(7):
        photograph(tmp_path / "camera" / f"{number}.png", value=number)
    with pytest.raises(UserError, match="expected 8 cameras.*found 1", check=lambda e: e.code == "too-few-images"):
        opened(tmp_path)


def test_patches_lie_as_the_sensor_does(tmp_path: Path) -> None:
    """Turned upright by EXIF, the first row of the sensor is a column of the picture."""
    for camera in range(2):
        for number in range(8):
            path = tmp_path / f"camera{camera}" / f"{number}.png"
            photograph(path, orientation=(6, 3, 1, 8)[number % 4], value=10 * camera + number)
    found = opened(tmp_path)
    images = Images(found.domain.split("train"), data=DataSettings())
    photographs = CameraPhotographs(images, found.cameras, fewest=4)
    assert len(photographs.cameras) == 2
    for indices in photographs.cameras:
        assert {photographs.size(int(index)) for index in indices} == {(56, 64)}
        patches = photographs.patches(indices, 0, 3, 48)
        assert (patches[:, 0] == 255).all() and (patches[:, 1:] < 255).all()


def test_without_cameras_photographs_are_held_out(tmp_path: Path) -> None:
    for number in range(20):
        photograph(tmp_path / f"{number}.png", value=number)
    found = open_camera_folder(tmp_path, DataSettings(), fewest=1, smallest=48, by_camera=False)
    assert sum(record.split == "validation" for record in found.domain.records) == 8
    for number in range(20):  # of as many cameras, of which a fifth held out would be too little
        photograph(tmp_path / f"{number}.png", model=f"M{number}", value=number)
    found = open_camera_folder(tmp_path, DataSettings(), fewest=1, smallest=48, by_camera=False)
    assert sum(record.split == "validation" for record in found.domain.records) == 8
    for number in range(5, 20):
        (tmp_path / f"{number}.png").unlink()
    with pytest.raises(UserError, match="expected 16 readable photographs.*found 5"):
        open_camera_folder(tmp_path, DataSettings(), fewest=1, smallest=48, by_camera=False)
