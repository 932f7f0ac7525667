"""Whole audits: a clean domain is called clean, and a domain that was spoiled in one way is found out by that way."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from forensictransfer.auditing.audit import audit_domains
from forensictransfer.auditing.text import audit_text, is_condemned
from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import DataSettings
from forensictransfer.data.domains import open_domain
from forensictransfer.results.formats.audits import Audit
from forensictransfer.results.formats.document import document_content

pytestmark = pytest.mark.slow

Picture = Callable[..., Image.Image]
Save = Callable[[Image.Image, Path], None]
EACH = 50
DATA = DataSettings()


def audit_of(*folders: Path, group: str | None = "path", workers: int = 1) -> Audit:
    domains = [open_domain(folder, group=group, data=DATA) for folder in folders]
    return audit_domains(domains, data=DATA, workers=workers)


def as_json(found: Audit) -> dict[str, Any]:
    return dict(json.loads(json.dumps(document_content(found))))


def audited(*folders: Path, group: str | None = "path", workers: int = 1) -> dict[str, Any]:
    """The findings as --json gives them."""
    return as_json(audit_of(*folders, group=group, workers=workers))


def audit(folder: Path, group: str | None = "path") -> dict[str, Any]:
    return dict(audited(folder, group=group)["domains"][0])


def png(image: Image.Image, path: Path) -> None:
    image.save(path.with_suffix(".png"), compress_level=1)


def jpeg(**options: Any) -> Save:
    return lambda image, path: image.save(path.with_suffix(".jpg"), **{"quality": 90, **options})


def changed(change: Callable[[Image.Image], Image.Image], save: Save = png) -> Save:
    return lambda image, path: save(change(image), path)


def once_jpeg(image: Image.Image) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=80)
    return Image.open(stream).convert("RGB")


def framed(image: Image.Image) -> Image.Image:
    image = image.copy()
    image.paste((0, 0, 0), (0, 0, image.width, 6))
    return image


@pytest.fixture(scope="module")
def write(make_photograph: Picture) -> Callable[..., Path]:
    """Writes a domain of photographs: reals and fakes are of the same making unless told to be saved otherwise."""

    def write(folder: Path, real: Save = png, fake: Save = png, *, first: int = 1000, each: int = EACH) -> Path:
        for number in range(2 * each):
            path = folder / ("real", "fake")[number % 2] / f"{number:04d}"
            path.parent.mkdir(parents=True, exist_ok=True)
            (real, fake)[number % 2](make_photograph(first + number), path)
        return folder

    return write


@pytest.mark.parametrize("first", [10_000, 20_000, 30_000, 40_000])
def test_a_clean_domain_is_called_clean(write: Callable[..., Path], tmp_path: Path, first: int) -> None:
    save = png if first < 25_000 else jpeg()
    found = audit(write(tmp_path / "clean", save, save, first=first, each=70))
    assert found["verdict"]["word"] == "clean", found["verdict"]["reasons"]
    assert not found["duplicates"]["pairs"] and not found["labels"]["images"] and not found["unreadable"]
    for telling in found["tellings"].values():
        assert telling["balanced_accuracy"]["low"] <= 0.5 + 0.05


EXIF = Image.Exif()
EXIF[271] = "Canon"
SPOILED: dict[str, tuple[Save, Save, str, str]] = {
    # name: how reals and fakes are saved, the part that tells them apart, a trace that must be among the notable ones
    "format": (jpeg(quality=95), png, "file", "file format"),
    "quality": (jpeg(quality=95), jpeg(quality=85), "file", "JPEG quality"),
    "subsampling": (jpeg(), jpeg(subsampling="4:4:4"), "file", "chroma subsampling"),
    "progressive": (jpeg(), jpeg(progressive=True), "file", "JPEG coding"),
    "huffman": (jpeg(), jpeg(optimize=True), "file", "JPEG coding"),
    "size": (png, changed(lambda i: i.crop((0, 0, 96, 88))), "file", "image size"),
    "exif": (jpeg(exif=EXIF), jpeg(), "file", "metadata"),
    "compression level": (
        png,
        lambda i, path: i.save(path.with_suffix(".png"), compress_level=9),
        "file",
        "PNG coding",
    ),
    "colour mode": (png, changed(lambda i: i.convert("L")), "file", "colour mode"),
    "alpha": (png, changed(lambda i: i.convert("RGBA")), "file", "colour mode"),
    "resolution": (jpeg(dpi=(72, 72)), jpeg(dpi=(96, 96)), "file", "resolution tag"),
    "brightness": (png, changed(lambda i: ImageEnhance.Brightness(i).enhance(1.4)), "tone", "brightness"),
    "saturation": (png, changed(lambda i: ImageEnhance.Color(i).enhance(0.3)), "tone", "saturation"),
    "blur": (png, changed(lambda i: i.filter(ImageFilter.GaussianBlur(1))), "tone", "sharpness"),
    "once a JPEG": (changed(once_jpeg), png, "tone", "8x8 grid in its place"),
    "grid": (
        changed(lambda i: once_jpeg(i).crop((0, 0, 96, 88))),
        changed(lambda i: once_jpeg(i).crop((3, 5, 99, 93))),
        "tone",
        "8x8 grid phase",
    ),
    "grey": (png, changed(lambda i: i.convert("L").convert("RGB")), "tone", "grey picture"),
    "border": (png, changed(framed), "tone", "flat border"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_domain_is_found_out(write: Callable[..., Path], tmp_path: Path, name: str) -> None:
    real, fake, part, trace = SPOILED[name]
    found = audit(write(tmp_path / "spoiled", real, fake))
    telling = found["tellings"][part]["balanced_accuracy"]
    assert telling["value"] > 0.75 and telling["low"] > 0.65, telling
    assert found["verdict"]["word"] == "do not use" if part == "file" else found["verdict"]["word"] != "clean"
    notable = [one["trace"] for one in found["separators"] if one["notable"]]
    assert trace in notable
    phrase = "without looking at a pixel" if part == "file" else "overall tone"
    assert any(phrase in reason["text"] for reason in found["verdict"]["reasons"])


def test_a_tenth_of_the_reals_is_enough(write: Callable[..., Path], tmp_path: Path) -> None:
    turn = iter(range(10**6))

    def some(image: Image.Image, path: Path) -> None:
        jpeg(exif=EXIF if next(turn) % 5 == 0 else Image.Exif())(image, path)

    found = audit(write(tmp_path / "spoiled", some, jpeg(exif=Image.Exif()), each=100))
    assert found["verdict"]["word"] != "clean"
    assert any("EXIF" in reason["text"] or "camera" in reason["text"] for reason in found["verdict"]["reasons"])


def test_a_fifth_of_the_fakes_in_grey_is_enough(write: Callable[..., Path], tmp_path: Path) -> None:
    turn = iter(range(10**6))

    def some(image: Image.Image, path: Path) -> None:
        jpeg()(image.convert("L").convert("RGB") if next(turn) % 5 == 0 else image, path)

    found = audit(write(tmp_path / "spoiled", jpeg(), some, each=100))
    assert any("grey picture: yes in 0 % of reals, 20 % of fakes" in r["text"] for r in found["verdict"]["reasons"])


def test_copies_under_new_names(write: Callable[..., Path], tmp_path: Path) -> None:
    folder = write(tmp_path / "copies")
    for number, path in enumerate(sorted((folder / "real").iterdir())[:20]):
        Image.open(path).convert("RGB").save(folder / "real" / f"x{number:03d}.jpg", quality=80)
    found = audit(folder)
    copies = found["duplicates"]
    assert 38 <= copies["other_groups"]["images"] <= 40
    assert copies["across_splits"]["test"] > 0
    assert found["verdict"]["word"] == "do not use"
    assert "copies of images in other splits" in " ".join(r["text"] for r in found["verdict"]["reasons"])
    assert copies["pairs"][0]["splits"][0] != copies["pairs"][0]["splits"][1]


def test_names_of_copies_suggest_a_group_rule(make_photograph: Picture, tmp_path: Path) -> None:
    for number in range(40):
        for take in range(3):
            path = tmp_path / "clips" / ("real", "fake")[number % 2] / f"clip{number:02d}_{take}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            png(ImageEnhance.Brightness(make_photograph(number)).enhance(1 + 0.05 * take), path)
    found = audit(tmp_path / "clips", group=None)
    rule = found["duplicates"]["group_rule"]
    assert rule is not None and rule in found["verdict"]["reasons"][0]["text"]
    better = audit(tmp_path / "clips", group=rule)
    assert not better["duplicates"]["other_groups"]["images"]
    assert better["images"]["groups"] == 40


def test_the_same_pixels_under_both_labels(write: Callable[..., Path], tmp_path: Path) -> None:
    folder = write(tmp_path / "copies")
    for path in sorted((folder / "real").iterdir())[:10]:
        shutil.copy(path, folder / "fake" / path.name)
    found = audit(folder, group="stem")
    assert found["labels"]["images"] == 20
    assert found["duplicates"]["same_pixels"]["both_labels"] == 20
    assert found["verdict"]["word"] == "do not use"
    assert found["labels"]["listed"][0]["evidence"] == ["the same pixels stand under both labels"]


def test_swapped_labels_by_their_files(write: Callable[..., Path], tmp_path: Path) -> None:
    folder = write(tmp_path / "swapped", jpeg(quality=95), jpeg(quality=80), each=120)
    moved = set()
    for name, other in (("real", "fake"), ("fake", "real")):
        for path in sorted((folder / name).iterdir())[:6]:
            path.rename(folder / other / f"m{path.name}")
            moved.add(f"{other}/m{path.name}")
    assert {one["image"] for one in audit(folder)["labels"]["listed"]} == moved


@pytest.mark.parametrize("names", [("{:03d}_photo", "gen{:04d}x"), ("a{:04d}_real", "a{:04d}_fake")])
def test_swapped_labels_by_their_names(make_photograph: Picture, tmp_path: Path, names: tuple[str, str]) -> None:
    for number in range(120):
        label = number % 2
        stands = 1 - label if number < 8 else label
        path = tmp_path / "named" / ("real", "fake")[stands] / (names[label].format(number) + ".png")
        path.parent.mkdir(parents=True, exist_ok=True)
        png(make_photograph(number), path)
    found = audit(tmp_path / "named")
    assert found["labels"]["images"] == 8
    assert "name" in found["labels"]["listed"][0]["evidence"][0]
    assert found["verdict"]["word"] == "do not use"


def test_fakes_that_are_not_with_their_photographs(make_photograph: Picture, tmp_path: Path) -> None:
    """Each fake is its real with a little noise, under another name: folds that part them turn the classifier round."""
    for number in range(80):
        image = make_photograph(number)
        grain = np.random.default_rng(number).normal(0, 2, (96, 104, 3))
        for name, array in (("real", np.asarray(image)), ("fake", np.clip(np.asarray(image) + grain, 0, 255))):
            path = tmp_path / "pairs" / name / f"{number}_{name}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            jpeg()(Image.fromarray(array.astype(np.uint8)), path)
    reasons = " ".join(reason["text"] for reason in audit(tmp_path / "pairs", group="stem")["verdict"]["reasons"])
    assert "copies of images in other splits" in reasons and "--group" in reasons


def test_a_word_in_all_names_accuses_nobody(write: Callable[..., Path], tmp_path: Path) -> None:
    folder = write(tmp_path / "named", each=30)
    for path in sorted((folder / "fake").iterdir()):
        path.rename(path.with_name(f"original_{path.name}"))
    assert not audit(folder)["labels"]["images"]
    for path in sorted((folder / "real").iterdir()):
        path.rename(path.with_name(f"fake_{path.name}"))
    assert audit(folder)["labels"]["images"] == 60  # the classes are named the wrong way round


def test_reals_that_happen_to_be_as_all_fakes_are_stay_real(write: Callable[..., Path], tmp_path: Path) -> None:
    turn = iter(range(10**6))

    def of_many_sizes(image: Image.Image, path: Path) -> None:
        png(image.crop((0, 0, 104 - 4 * (next(turn) % 12), 96)), path)

    found = audit(write(tmp_path / "sizes", of_many_sizes, png, each=120))
    assert found["tellings"]["file"]["balanced_accuracy"]["value"] > 0.9
    assert not found["labels"]["images"]


def test_files_that_cannot_be_read(write: Callable[..., Path], tmp_path: Path) -> None:
    folder = write(tmp_path / "damaged", jpeg(), jpeg())
    paths = sorted((folder / "fake").iterdir())
    paths[0].write_bytes(b"")
    paths[1].write_bytes(paths[1].read_bytes()[:900])
    paths[2].write_text("no image")
    paths[3].unlink()
    paths[3].symlink_to("gone.jpg")
    said = audit_of(folder)
    found = as_json(said)["domains"][0]
    assert len(found["unreadable"]) == 4 and {label for _, label, _ in found["unreadable"]} == {"fake"}
    assert found["verdict"]["word"] == "careful"
    assert "0 real, 4 fake" in found["verdict"]["reasons"][0]["text"]
    text = audit_text(said)
    assert "found 0 bytes" in text and "4 (4.0 %)" in text


def test_suffixes_that_say_another_format_are_a_note(write: Callable[..., Path], tmp_path: Path) -> None:
    folder = write(tmp_path / "named", each=10)
    path = next(iter(sorted((folder / "real").iterdir())))
    path.rename(path.with_suffix(".jpg"))
    assert any("another format than their suffix says" in note for note in audit(folder)["notes"])


def test_too_few_images_are_not_judged(write: Callable[..., Path], tmp_path: Path) -> None:
    few = audit(write(tmp_path / "few", each=4))
    assert few["verdict"]["word"] == "careful" and "too few" in few["verdict"]["reasons"][0]["text"]
    one = audit(write(tmp_path / "one"), group="(real|fake)")
    assert one["tellings"]["file"]["balanced_accuracy"] is None
    assert any("single group" in reason["text"] for reason in one["verdict"]["reasons"])


@pytest.mark.parametrize("label", ["real", "fake"])
def test_one_image_of_another_kind(write: Callable[..., Path], tmp_path: Path, label: str) -> None:
    """Traces that apply to a single image: in four of five folds they apply to none."""
    folder = write(tmp_path / "one", each=40)
    path = sorted((folder / label).iterdir())[3]
    with Image.open(path) as image:
        image.save(path.with_suffix(".jpg"), comment=b"hand-made")
    path.unlink()
    assert audit(folder)["verdict"]["word"] == "clean"


def test_no_readable_image_of_a_class(write: Callable[..., Path], tmp_path: Path) -> None:
    folder = write(tmp_path / "gone", each=3)
    for path in (folder / "fake").iterdir():
        path.write_bytes(b"")
    with pytest.raises(UserError, match="fake images", check=lambda error: error.code == "domain-class-missing"):
        audit(folder)


def test_two_domains_share_photographs(write: Callable[..., Path], tmp_path: Path) -> None:
    one = write(tmp_path / "one", first=0, each=40)
    two = write(tmp_path / "two", first=60, each=40)
    pair = audited(one, two, group="stem")["pair"]
    # 0060 to 0079 of the first are 0000 to 0019 of the second: the same pixels under other names.
    assert pair["shared_photographs"]["photographs"] == 20
    assert pair["under_other_names"]["images"] == [20, 20]
    assert pair["opposite_labels"] == {"same_pixels": 20, "opposite": 0, "images": []}
    groups = pair["shared_groups"]
    assert (groups["groups"], groups["show_the_same"], groups["show_others"]) == (80, 0, 80)
    assert groups["names"][:2] == ["0000", "0001"]
    assert pair["verdict"]["word"] == "do not use"
    same = write(tmp_path / "same", jpeg(quality=70), jpeg(quality=70), first=0, each=40)
    alike = audited(one, same, group="stem")["pair"]
    assert alike["shared_groups"]["show_the_same"] >= 78 and alike["under_other_names"]["images"] == [0, 0]
    assert alike["verdict"]["word"] == "careful"
    assert "they share photographs" in alike["verdict"]["reasons"][0]["text"]


def test_what_separates_files_here_does_so_there(write: Callable[..., Path], tmp_path: Path) -> None:
    one = write(tmp_path / "one", jpeg(quality=95), jpeg(quality=80), first=0, each=30)
    two = write(tmp_path / "two", jpeg(quality=95), jpeg(quality=80), first=500, each=30)
    turned = write(tmp_path / "turned", jpeg(quality=80), jpeg(quality=95), first=900, each=30)
    there = audited(one, two)["pair"]
    assert all(way["file"]["balanced_accuracy"]["value"] == 1 for way in there["transfer"])
    assert there["verdict"]["word"] == "do not use" and not there["classes_look_swapped"]
    swapped = audited(one, turned)["pair"]
    assert all(way["file"]["balanced_accuracy"]["value"] == 0 for way in swapped["transfer"])
    assert swapped["classes_look_swapped"] and "swapped" in swapped["verdict"]["reasons"][0]["text"]


def test_classes_swapped_by_their_pixels(write: Callable[..., Path], tmp_path: Path) -> None:
    one = write(tmp_path / "one", first=0, each=30)
    two = shutil.copytree(one, tmp_path / "two")
    (two / "real").rename(two / "x")
    (two / "fake").rename(two / "real")
    (two / "x").rename(two / "fake")
    pair = audited(one, Path(two))["pair"]
    assert pair["opposite_labels"]["opposite"] == 60 and pair["classes_look_swapped"]


def test_workers_and_order_do_not_matter(
    write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "one", jpeg(quality=92), jpeg(quality=90), each=40)
    (folder / "real" / "broken.jpg").write_bytes(b"")
    alone = audited(folder)
    monkeypatch.setattr("forensictransfer.auditing.traces.scan.ALONE", 0)
    assert audited(folder, workers=2) == alone


def test_an_audit_reads_well(write: Callable[..., Path], tmp_path: Path) -> None:
    found = audit_of(
        write(tmp_path / "one", jpeg(quality=95), png, each=40), write(tmp_path / "two", first=500, each=40)
    )
    text = audit_text(found)
    for part in ("verdict: DO NOT USE", "100.0 %", "PNG in 0 % of reals, 100 % of fakes", "shared photographs: 0"):
        assert part in text
    assert max(len(line) for line in text.splitlines() if str(tmp_path) not in line) <= 100
    assert is_condemned(found) and not is_condemned(audit_of(tmp_path / "two"))
    # By the keys of its JSON, as version 0.1 gave it.
    assert np.isfinite(found["domains"][0]["tellings"]["file"]["balanced_accuracy"]["low"])
