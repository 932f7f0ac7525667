"""Trees whose names do not mean what file stems are taken for: said, and where it is sure, refused for learning."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import DataSettings, DomainSettings
from forensictransfer.data.domains import Domain, open_domain
from forensictransfer.data.records import SPLITS
from tests.folders import fill

DATA = DataSettings()


def videos(
    count: int, frames: int, pattern: str = "{kind}/v{video}/{frame:03d}.png", kinds: str = "real fake"
) -> list[str]:
    return [
        pattern.format(kind=kind, video=video, frame=frame)
        for kind in kinds.split()
        for video in range(count)
        for frame in range(frames)
    ]


def split_folders(domain: Domain) -> int:
    """How many folders have images in several splits."""
    places = [{r.name.rpartition("/")[0] for r in domain.split(split)} for split in SPLITS]
    return len({folder for one in places for other in places if one is not other for folder in one & other})


def refused(domain: Domain) -> str:
    with pytest.raises(UserError, check=lambda error: error.code == "groups-ambiguous") as caught:
        domain.check_learnable()
    assert "\n" not in str(caught.value)
    return str(caught.value)


FRAMES = [
    videos(6, 10),
    [*videos(3, 12, kinds="real"), "fake/x.png", "fake/y.png"],
    videos(2, 12),
    videos(6, 10, "{kind}/clip{video}/frame_{frame:04d}.jpg"),
    videos(6, 10, "{kind}/clip{video}/img{frame}.jpg"),
    videos(6, 10, "{kind}/clip{video}/{frame:06d}_0.png"),
    videos(6, 10, "{kind}/set/{video}/crops/{frame}.png"),
    videos(6, 10, "{kind}/{video:03d}/{frame:03d}.png") + videos(30, 1, "{kind}/loose{video}/x{video}a.png"),
    # Every tenth frame, and videos of other lengths.
    [f"{kind}/v{v}/{10 * f:04d}.png" for kind in ("real", "fake") for v in range(8) for f in range(3 + v)],
    [f"real/person{p}/{name}.jpg" for p in range(40) for name in ("front", "left", "right", "back")] + ["fake/a.png"],
]


@pytest.mark.parametrize("names", FRAMES, ids=lambda names: names[-1])
def test_frames_that_count_alike_in_many_folders_stop_training(tmp_path: Path, names: list[str]) -> None:
    folder = fill(tmp_path / "d", *names)
    domain = open_domain(folder, data=DATA)
    assert split_folders(domain) > 1  # the leak
    message = refused(domain)
    assert message.startswith(f"{folder}: ") and "--group folder" in message and "--group stem" in message
    assert domain.warnings[-1].startswith(message.removeprefix(f"{folder}: "))
    ruled = open_domain(folder, group="folder", data=DATA)
    assert split_folders(ruled) == 0 and ruled.spec.group == "folder" and ruled.refusal is None and not ruled.warnings


def test_a_rule_by_name_is_followed_and_recorded(tmp_path: Path) -> None:
    folder = fill(tmp_path / "d", *videos(6, 10))
    usual = open_domain(folder, data=DATA)
    file = tmp_path / "d.yaml"
    file.write_text("path: d\ngroup: stem\n")
    for domain in (
        open_domain(folder, group="stem", data=DATA),
        open_domain(file, data=DATA),
        open_domain(DomainSettings(path=str(folder), group="stem"), data=DATA),
    ):
        domain.check_learnable()
        assert domain.records == usual.records and not domain.warnings
        assert [
            note for note in domain.notes if note.startswith("the group rule 'stem' was chosen by name: 10 file names")
        ]
    for rule in ("path", "folder", r"(v\d)/"):
        domain = open_domain(folder, group=rule, data=DATA)
        domain.check_learnable()
        assert not domain.warnings
    file.write_text("path: d\n")
    refused(open_domain(file, data=DATA))


SOUND = [
    videos(60, 1, "{kind}/{video:04d}.png"),
    [
        "real/1DW5JYSJBO.jpg",
        "real/0FDD4XHE43.jpg",
        "fake/1DW5JYSJBO.jpg",
        "real/n03791053_motor_scooter.png",
        "fake/x.png",
    ],
    # The photographs of one folder, changed in several ways.
    videos(40, 1, "real/{video:05d}.png") + [f"fake/{m}/{v:05d}.png" for m in "abc" for v in range(40)],
    videos(40, 1, "real/ffhq/{video:05d}.png") + [f"fake/{m}/{v:05d}.png" for m in "abc" for v in range(30)],
    # One image to a folder.
    videos(30, 1, "{kind}/{video}/image{video}.png"),
]


@pytest.mark.parametrize("names", SOUND, ids=lambda names: names[-1])
def test_sound_trees_are_read_without_a_word(tmp_path: Path, names: list[str]) -> None:
    domain = open_domain(fill(tmp_path / "d", *names), data=DATA)
    domain.check_learnable()
    assert not domain.warnings
    assert {record.group for record in domain.records} == {Path(name).stem for name in names}


@pytest.mark.parametrize(
    ("names", "says"),
    [
        # Names that occur once, in folders of many.
        ([f"{k}/p{p}/{k}{p}x{i}.png" for k in ("real", "fake") for p in range(6) for i in range(8)], "--group folder"),
        (
            [f"{k}/clip{v}_{f:03d}.png" for k in ("real", "fake") for v in range(9) for f in range(8)],
            "--group '/([^/]+?)",
        ),
        ([f"{k}/b{v}r0_{e}.png" for k, e in (("real", "o"), ("fake", "aged")) for v in range(90)], "--group '/([^-_"),
        # Two folders of one class.
        (
            [f"real/{s}/{i:04d}.png" for s in "ab" for i in range(40)] + ["fake/x.png"],
            "40 file names recur in 2 folders",
        ),
        # Names that are no numbers: perhaps the same photographs.
        ([f"real/{s}/n{i}_cat{i}b.png" for s in "abc" for i in range(40)] + ["fake/x.png"], "recur in 3 folders"),
        # Reals that count, and fakes of few of them in each folder: more probably frames than not.
        (
            videos(300, 1, "real/{video:03d}.png") + videos(6, 20, kinds="fake"),
            "20 file names recur in 6 folders of fake",
        ),
    ],
)
def test_what_may_be_either_is_a_warning(tmp_path: Path, names: list[str], says: str) -> None:
    folder = fill(tmp_path / "d", *names)
    domain = open_domain(folder, data=DATA)
    domain.check_learnable()
    assert len(domain.warnings) == 1 and says in domain.warnings[0]
    assert not open_domain(folder, group="stem", data=DATA).warnings


def test_the_rule_that_is_proposed_does_what_it_says(tmp_path: Path) -> None:
    names = [f"{k}/b{v}r0_{e}.png" for k, e in (("real", "o"), ("fake", "aged")) for v in range(90)]
    folder = fill(tmp_path / "d", *names)
    rule = open_domain(folder, data=DATA).warnings[0].split("'")[1]
    assert {record.group for record in open_domain(folder, group=rule, data=DATA).records} == {
        f"b{v}r0" for v in range(90)
    }


def test_frames_within_given_splits_leak_nowhere_and_are_a_warning(tmp_path: Path) -> None:
    names = [f"{s}/{k}/{s}{v}/{f}.png" for s in SPLITS for k in ("real", "fake") for v in range(4) for f in range(5)]
    domain = open_domain(fill(tmp_path, *names), data=DATA)
    domain.check_learnable()
    assert "--group folder" in domain.warnings[0]


def test_a_table_in_the_folder_that_says_otherwise(tmp_path: Path) -> None:
    names = [f"{k}/clip{v}/00/clip{v}_00_{f:06d}.png" for k in ("real", "fake") for v in range(5) for f in range(6)]
    folder = fill(tmp_path / "d", *names)
    rows = [f"{name},{name.split('/')[1]}/00" for name in names]
    (folder / "groups.csv").write_text("\n".join(["path,group", *rows]) + "\n")
    domain = open_domain(folder, data=DATA)
    assert f"--group {folder}/groups.csv" in refused(domain)
    assert {record.group for record in domain.records} == {Path(name).stem for name in names}
    ruled = open_domain(folder, group=str(folder / "groups.csv"), data=DATA)
    assert split_folders(ruled) == 0 and not ruled.warnings and ruled.refusal is None
    open_domain(folder, group="stem", data=DATA).check_learnable()
    # One that says the same as the names, and one that is none.
    (folder / "groups.csv").write_text("\n".join(["path,group", *(f"{n},{Path(n).stem}" for n in names)]))
    open_domain(folder, data=DATA).check_learnable()
    (folder / "groups.csv").write_text("name,id\n")
    domain = open_domain(folder, data=DATA)
    domain.check_learnable()
    assert "groups.csv in the domain's folder was not used, and cannot be: " in domain.warnings[0]


def test_groups_by_folder(tmp_path: Path) -> None:
    names = ["real/v1/0.png", "real/v1/1.png", "fake/v1/0.png", "fake/m/v1/0.png", "fake/v2.png", "real/v2/a.png"]
    domain = open_domain(fill(tmp_path / "d", *names), group="folder", data=DATA)
    assert {record.name: record.group for record in domain.records} == {
        "real/v1/0.png": "v1",
        "real/v1/1.png": "v1",
        "fake/v1/0.png": "v1",
        "fake/m/v1/0.png": "m/v1",
        "fake/v2.png": "v2",
        "real/v2/a.png": "v2",
    }
    notes = " ".join(domain.notes)
    assert "1 images lie in no folder" in notes and "folders of one name (v1) in different folders" in notes
    split = [f"{s}/{k}/v{s}/{i}.png" for s in ("train", "val", "test") for k in ("real", "fake") for i in "12"]
    domain = open_domain(fill(tmp_path / "s", *split), group="folder", data=DATA)
    assert {record.group for record in domain.records} == {"vtrain", "vval", "vtest"}
    with pytest.raises(UserError, check=lambda error: error.code == "groups-invalid") as caught:
        open_domain(fill(tmp_path / "flat", "real/a.png", "fake/b.png"), group="folder", data=DATA)
    assert "real/VIDEO/a.png" in str(caught.value) or "real/VIDEO/b.png" in str(caught.value)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 4), st.integers(0, 9)), min_size=4, unique=True))
def test_by_folder_no_folder_is_in_two_splits(
    tmp_path_factory: pytest.TempPathFactory, places: list[tuple[str, int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("d")
    fill(folder, *(f"{k}/{s}/v{v}/{f}.png" for k in ("real", "fake") for s, v, f in places))
    domain = open_domain(folder, group="folder", data=DATA)
    assert split_folders(domain) == 0
    assert len({record.group for record in domain.records}) == len({(s, v) for s, v, _ in places})


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (
            ["real/a.png", "fake/a.png", "fake/a_mask.png"],
            "1 image (fake/a_mask.png) may be masks by name and were read as fake",
        ),
        (["real/a.png", "fake/a.png", "fake/Masks/a.png"], "fake/Masks/a.png"),
        (
            ["real/train/a.png", "real/test/b.png", "fake/train/c.png"],
            "folders named as splits lie within the classes",
        ),
        (["real/IMG_1x.png", "fake/img_1x.PNG"], "1 name of groups differs in case, blanks or coding alone"),
        (["real/0001 .png", "fake/0001.png"], "'0001' and '0001 '"),
        (["real/caf\u00e9.png", "fake/cafe\u0301.png"], "differs in case, blanks or coding alone"),
    ],
)
def test_names_that_say_something_else_than_what_is_read(tmp_path: Path, names: list[str], says: str) -> None:
    domain = open_domain(fill(tmp_path, *names), data=DATA)
    assert len(domain.records) == len(names)
    assert len(domain.warnings) == 1 and says in domain.warnings[0]
    domain.check_learnable()


@pytest.mark.parametrize("name", ["fake/unmasked.png", "fake/face_mask.png", "fake/gt500.png", "fake/training/a.png"])
def test_names_that_are_no_masks_and_no_splits(tmp_path: Path, name: str) -> None:
    assert not open_domain(fill(tmp_path, "real/x.png", name), data=DATA).warnings
