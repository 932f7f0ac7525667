"""Enrolling cameras and checking images, by the calls and by the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import forensictransfer as ft
from forensictransfer.cli.main import main
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.inference.enrolment import FEWEST
from forensictransfer.results.cameras import read_camera
from forensictransfer.results.formats.camera import CameraCheck, CameraInfo
from forensictransfer.results.formats.document import parse_document
from tests.cameras import Camera


def _photographs(folder: Path, camera: Camera, seeds: range, *, flat: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        (folder / f"{seed}.jpg").write_bytes(camera.file(seed, flat=flat))
    return folder


@pytest.fixture(scope="module")
def cameras(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("cameras")
    files = (folder / "one.npz", folder / "two.npz")
    for number, file in enumerate(files, 1):
        ft.enroll_camera(_photographs(folder / file.stem, Camera(number), range(10)), file)
    return files


def test_the_camera_that_took_an_image_is_named(cameras: tuple[Path, Path], tmp_path: Path) -> None:
    images = _photographs(tmp_path / "images", Camera(1), range(50, 52), flat=False)
    (images / "other.jpg").write_bytes(Camera(3).file(53))
    (images / "part.png").write_bytes(b"")
    Image.fromarray(Camera(2).photograph(54)[20:212, 40:300]).save(images / "part.png")
    found = ft.check_camera(images, cameras)
    named = {Path(one.name).name: one for one in found.images}
    assert {name: one.camera for name, one in named.items()} == {
        "50.jpg": "one", "51.jpg": "one", "other.jpg": None, "part.png": "two"
    }  # fmt: skip
    part = next(one for one in named["part.png"].matches if one.camera == "two")
    assert (part.left, part.top, part.quarters) == (40, 20, 0)
    assert part.positions == 2 * (256 - 192 + 1) * (320 - 260 + 1)  # at a quarter it is higher than the frame


def test_a_photograph_that_was_enrolled_is_told(cameras: tuple[Path, Path]) -> None:
    (image,) = ft.check_camera(cameras[0].parent / "one" / "0.jpg", cameras[0]).images
    assert image.matches[0].found and image.matches[0].enrolled


def test_larger_and_tiny_images_do_not_apply(cameras: tuple[Path, Path], tmp_path: Path) -> None:
    sizes = {"large": (400, 300), "tiny": (40, 40)}
    for name, size in sizes.items():
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (*size[::-1], 3), np.uint8)).save(
            tmp_path / f"{name}.png"
        )
    found = ft.check_camera(tmp_path, cameras[0])
    reasons = {Path(one.name).stem: one.matches[0].reason for one in found.images}
    assert "larger than this camera's photographs" in reasons["large"] and "smaller than" in reasons["tiny"]
    assert all(one.camera is None and not one.matches[0].applies for one in found.images)


def test_what_does_not_belong_to_a_camera_is_left_out(tmp_path: Path) -> None:
    folder = _photographs(tmp_path / "mine", Camera(1), range(6))
    (folder / "stranger.jpg").write_bytes(Camera(2).file(7, flat=True))
    (folder / "copy.jpg").write_bytes((folder / "0.jpg").read_bytes())
    (folder / "small.jpg").write_bytes(Camera(1, 128, 128).file(8))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xffno")
    info = ft.enroll_camera(folder, tmp_path / "mine.npz", name="my camera")
    reasons = {Path(one.name).name: one.reason for one in info.skipped}
    assert set(reasons) == {"stranger.jpg", "copy.jpg", "small.jpg", "broken.jpg"}
    assert "does not bear the fingerprint" in reasons["stranger.jpg"]
    assert "128 x 128 pixels, most are 320 x 256" in reasons["small.jpg"]
    assert info.name == "my camera" and len(info.photographs) == 6 and all(one.flat for one in info.photographs)
    alone = ft.enroll_camera(_photographs(tmp_path / "again", Camera(1), range(6)), tmp_path / "again.npz")
    assert {one.sha256 for one in alone.photographs} == {one.sha256 for one in info.photographs}
    patterns = [read_camera(tmp_path / name).fingerprint.pattern for name in ("mine.npz", "again.npz")]
    assert np.allclose(*patterns, atol=2e-3 * np.abs(patterns[0]).max()), "as if it had never been there"


def test_turned_photographs_are_enrolled_as_the_sensor_lies(tmp_path: Path) -> None:
    camera = Camera(1)
    exif = Image.Exif()
    for seed in range(6):
        exif[0x0112] = (1, 3, 6, 8)[seed % 4]
        Image.fromarray(camera.photograph(seed, flat=True)).save(tmp_path / f"{seed}.jpg", quality=95, exif=exif)
    info = ft.enroll_camera(tmp_path, tmp_path / "cam.npz")
    assert (info.width, info.height, len(info.photographs)) == (320, 256, 6)


def test_too_few_and_wrong_files_are_one_line(
    cameras: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = tmp_path / "one.jpg"
    one.write_bytes(Camera(1).file(0))
    with pytest.raises(UserError, match=f"at least {FEWEST}") as caught:
        ft.enroll_camera(one, tmp_path / "cam.npz")
    assert caught.value.code == ErrorCode.TOO_FEW_IMAGES
    with pytest.raises(UserError, match="sizes between"):
        ft.check_camera(one, cameras, scales=[100])
    for words, said in (
        (["check", str(one), "--camera", str(one)], "no camera file"),
        (["check", str(one), "--camera", str(tmp_path / "no.npz")], "no such camera"),
        (["check", str(tmp_path / "no.jpg"), "--camera", str(cameras[0])], "there is no such file"),
        (["enroll", str(one), "--out", str(tmp_path / "cam.jpg")], "ends in .npz"),
        (["check", str(one)], "--camera"),
        ([], "expected one of enroll, check"),
    ):
        assert main(["camera", *words]) == 2
        told = capsys.readouterr().err
        assert said in told and told.count("\n") == 1


def test_the_command_line_tells_what_was_found(
    cameras: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = _photographs(tmp_path / "photos", Camera(4), range(4))
    assert main(["camera", "enroll", str(photos), "--out", str(tmp_path / "four.npz"), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert parse_document(tmp_path, content, CameraInfo).name == "four"
    image = tmp_path / "image.jpg"
    image.write_bytes(Camera(4).file(60))
    words = ["camera", "check", str(image), "--camera", str(tmp_path / "four.npz"), str(cameras[0])]
    assert main([*words, "--json", str(tmp_path / "found.json")]) == 0
    told = capsys.readouterr().out
    assert "bears the fingerprint of four" in told and "not found: PCE" in told
    found = parse_document(tmp_path, json.loads((tmp_path / "found.json").read_text()), CameraCheck)
    assert found.images[0].camera == "four"


def test_cameras_of_one_name_go_by_their_files(cameras: tuple[Path, Path], tmp_path: Path) -> None:
    copy = tmp_path / "copy.npz"
    copy.write_bytes(cameras[0].read_bytes())
    (image,) = ft.check_camera(cameras[0].parent / "one" / "1.jpg", [cameras[0], copy]).images
    assert {one.camera for one in image.matches} == {str(cameras[0]), str(copy)}


def test_a_map_shows_where_the_fingerprint_is_absent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    size = (384, 512)
    camera, folder, images = Camera(5, *size), tmp_path / "photos", tmp_path / "images"
    for place in (folder, images):
        place.mkdir()
    for seed in range(8):
        (folder / f"{seed}.jpg").write_bytes(camera.file(seed, level=10.0 * seed - 40))
    info = ft.enroll_camera(folder, tmp_path / "five.npz")
    assert [one.side for one in info.expected] == [128]  # too few windows of 256 pixels, none of 512
    pixels = camera.photograph(20)
    pixels[100:300, 150:400] = Camera(6, *size).photograph(20)[100:300, 150:400]
    Image.fromarray(np.rot90(pixels[32:, 16:])).save(images / "turned.png")
    small = Image.fromarray(camera.photograph(21)).resize((384, 288))
    small.save(images / "small.png")
    words = ["camera", "check", str(images), "--camera", str(tmp_path / "five.npz"), "--out", str(tmp_path / "found")]
    assert main(words) == 0
    told = capsys.readouterr().out
    assert "absent in a part of it" in told and "no map of a resized image" in told
    found = parse_document(tmp_path, json.loads((tmp_path / "found" / "cameras.json").read_text()), CameraCheck)
    absence = next(one.absence for one in found.images if "turned" in one.name)
    assert absence is not None and len(absence.places) == 1 and absence.map == "turned.five.png"
    place = absence.places[0]  # turned, the part lies at left 68 of 352, top 496 - 384 = 112 of 496, 200 x 250
    assert abs(place.left + place.width / 2 - 168) < 50 and abs(place.top + place.height / 2 - 237) < 60
    with Image.open(tmp_path / "found" / "turned.five.png") as picture:
        assert picture.size == (352, 496)
        red, green, _ = picture.convert("RGB").getpixel((168, 237))
        assert red > green + 60
    assert (tmp_path / "found" / "sheet.png").is_file()
    assert main(words) == 2
    assert "new or empty folder" in capsys.readouterr().err


def test_no_map_of_what_was_enrolled_itself(cameras: tuple[Path, Path]) -> None:
    (image,) = ft.check_camera(cameras[0].parent / "one" / "2.jpg", cameras[0]).images
    assert image.absence is not None and "estimated from" in image.absence.words and not image.absence.places
