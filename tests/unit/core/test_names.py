"""Names as folders: no two share one, none leads out of its parent, and each can be read back."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from forensictransfer.core.errors import UserError
from forensictransfer.core.names import LONGEST, check_name, decode_name, encode_name, folded, legacy_folder
from forensictransfer.data.catalogue.builtin import builtin_names
from forensictransfer.data.catalogue.data_sets import data_sets

NAMES = st.text(min_size=1, max_size=30)
# Signs that meet in paths, joined at random: what is drawn from all of Unicode seldom holds two of them.
HOSTILE = st.lists(
    st.sampled_from([".", "..", "/", "\\", "_", "%", "%2E", "5F", "forged_photos", "casia_v2", "con", "NUL", " ", "\n"])
    | st.sampled_from(["e\u0301", "\u00e9", "\u212b", "\u1112\u1161", "\x1b[2J", ":", "~", "\udcff", "a", "A", "1"]),
    min_size=1,
    max_size=6,
).map("".join)


# Data sets that came after version 0.1: nobody has folders of them by its rule.
LATER = {"camera_splices"}
EARLIER = [name for name in builtin_names() if name.partition("/")[0] not in LATER]


@pytest.mark.parametrize("name", ["faceswap", "FaceSwap", "my_set-2.1", "a+b", "überlagert", "偽造", *EARLIER])
def test_ordinary_names_keep_the_folder_that_they_had(name: str) -> None:
    assert encode_name(name) == legacy_folder(name)
    assert decode_name(encode_name(name)) == name


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("my set", "my%20set"),
        ("my_set", "my_set"),
        ("forged_photos_splice", "forged_photos%5Fsplice"),
        ("photos/faces", "photos%2Ffaces"),
        ("...", "%2E.%2E"),
        (".", "%2E"),
        ("..", "%2E%2E"),
        ("../../x", "%2E.%2F..%2Fx"),
        (".hidden", "%2Ehidden"),
        ("end.", "end%2E"),
        ("con", "%63on"),
        ("NUL.png", "%4EUL.png"),
        ("50%", "50%25"),
        ("a\nb|c", "a%0Ab%7Cc"),
        ("e\u0301", "e%CC%81"),
    ],
)
def test_other_names_are_written_out(name: str, folder: str) -> None:
    assert encode_name(name) == folder
    assert decode_name(folder) == name


@given(NAMES | HOSTILE)
@example("forged_photos/")
@example("forged_photos_")
@example("forged_photos//_")
def test_a_name_is_read_back_and_stays_in_its_parent(name: str) -> None:
    folder = encode_name(name)
    assert decode_name(folder) == name
    assert folder and not folder.startswith(".") and not folder.endswith((".", " "))
    assert os.path.basename(folder) == folder and Path("parent", folder).resolve().parent == Path("parent").resolve()
    assert not set(folder) & set('<>:"/\\|?*\0') and all(sign.isprintable() for sign in folder)
    assert unicodedata.normalize("NFC", folder) == folder
    assert decode_name(unicodedata.normalize("NFD", folder)) == name


@given(HOSTILE, HOSTILE)
def test_two_names_never_share_a_folder(one: str, other: str) -> None:
    assert (encode_name(one) == encode_name(other)) == (one == other)
    if unicodedata.normalize("NFD", one) == unicodedata.normalize("NFD", other) and one != other:
        assert folded(encode_name(one)) != folded(encode_name(other)), "a file system that decomposes names merges them"


def test_the_joined_data_sets_cannot_be_taken_for_each_other() -> None:
    names = [name for name in data_sets() if encode_name(f"{name}/x") == f"{name}_x"]
    assert set(names) == set(data_sets()) - LATER
    assert not [(a, b) for a in names for b in names if a != b and a.startswith(f"{b}_")]


@pytest.mark.parametrize(
    "name", ["", " ", "\t\n", ".", "..", "...", " . ", "con", "NUL", "com1.txt", "x" * 201, " " * 80 + "x"]
)
def test_names_that_can_be_nobodys_are_refused(name: str) -> None:
    with pytest.raises(UserError, check=lambda found: found.code == "name-unsuitable") as caught:
        check_name(name, "photos")
    assert str(caught.value).startswith("photos: ") and len(str(caught.value)) < 250


def test_any_other_name_is_taken() -> None:
    for name in ("x" * LONGEST, "a b", "con-splice", "a|b", "<script>", "a\nb", "...x", "überlagert"):
        check_name(name, "photos")
    with pytest.raises(UserError):
        encode_name("")
