"""Images inside TFRecord files: found without TensorFlow, the same that TensorFlow finds, and honest about damage."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from forensictransfer.core.errors import UserError
from forensictransfer.data.stored import INDEX, StoredImage, read_examples, write_index

SPLITS = ("train", "validation", "test")


def varint(value: int) -> bytes:
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def record(name: str, label: int, group: str, image: bytes, mask: bytes | None = None) -> bytes:
    """A tf.train.Example as TFDS writes it, framed as a TFRecord (checksums are not looked at)."""
    texts = {"image": image, "name": name.encode(), "group": group.encode()} | ({"mask": mask} if mask else {})
    entries = [field(1, key.encode()) + field(2, field(1, field(1, value))) for key, value in sorted(texts.items())]
    entries.append(field(1, b"label") + field(2, field(3, field(1, varint(label)))))
    if mask is None:
        entries.append(field(1, b"mask") + field(2, field(1, b"")))
    example = field(1, b"".join(field(1, entry) for entry in entries))
    return struct.pack("<QI", len(example), 0) + example + b"\0" * 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    images = [bytes([number]) * (300 * number) for number in range(1, 6)]
    (tmp_path / "set-train.tfrecord-00000-of-00002").write_bytes(
        record("b", 1, "g/1", images[0], images[3]) + record("a", 0, "g/1", images[1])
    )
    (tmp_path / "set-train.tfrecord-00001-of-00002").write_bytes(record("ü c", 0, "g/2", images[2]))
    (tmp_path / "set-test.tfrecord-00000-of-00001").write_bytes(record("d", 1, "g/3", images[4]))
    (tmp_path / "set-validation.tfrecord-00000-of-00001").write_bytes(b"")
    return tmp_path


def test_a_scan_finds_every_example_and_its_bytes(folder: Path) -> None:
    examples = read_examples(folder, SPLITS)
    assert [(e.split, e.name, e.label, e.group) for e in examples] == [
        ("train", "a", 0, "g/1"),
        ("train", "b", 1, "g/1"),
        ("train", "ü c", 0, "g/2"),
        ("test", "d", 1, "g/3"),
    ]
    images = [example.image for example in examples]
    assert all(isinstance(image, StoredImage) for image in images)
    assert [image.read_bytes() for image in images if isinstance(image, StoredImage)] == [
        bytes([number]) * (300 * number) for number in (2, 1, 3, 5)
    ]
    masks = [example.mask for example in examples]
    assert masks[0] is masks[2] is masks[3] is None
    assert isinstance(masks[1], StoredImage) and masks[1].read_bytes() == bytes([4]) * 1200


def test_the_index_says_the_same_and_moves_with_the_folder(folder: Path, tmp_path: Path) -> None:
    scanned = read_examples(folder, SPLITS)
    write_index(folder, SPLITS)
    assert read_examples(folder, SPLITS) == scanned
    moved = tmp_path.with_name("moved")
    tmp_path.rename(moved)
    assert [e.image.read_bytes() for e in read_examples(moved, SPLITS) if isinstance(e.image, StoredImage)][1][
        :1
    ] == b"\1"


def test_a_file_that_was_cut_short_is_named(folder: Path) -> None:
    write_index(folder, SPLITS)
    examples = read_examples(folder, SPLITS)
    file = folder / "set-train.tfrecord-00000-of-00002"
    file.write_bytes(file.read_bytes()[:700])
    with pytest.raises(OSError, match=r"shorter than when it was built.*set-train"):
        [example.image.read_bytes() for example in examples if isinstance(example.image, StoredImage)]
    (folder / INDEX).unlink()
    with pytest.raises(UserError, check=lambda error: error.code == "file-damaged"):
        read_examples(folder, SPLITS)


@pytest.mark.parametrize("content", [b"not an index\n", b"[1, 2]\n", b'["a", 0, "g", "train", null]\n'])
def test_a_broken_index_is_a_user_error(folder: Path, content: bytes) -> None:
    (folder / INDEX).write_bytes(content)
    with pytest.raises(UserError, check=lambda error: error.code == "file-damaged") as caught:
        read_examples(folder, SPLITS)
    assert "\n" not in str(caught.value)


def test_other_records_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x-train.tfrecord-00000-of-00001").write_bytes(
        struct.pack("<QI", 4, 0) + b"\xff\xff\xff\xff" + b"\0" * 4
    )
    with pytest.raises(UserError, check=lambda error: error.code == "file-damaged"):
        read_examples(tmp_path, SPLITS)
