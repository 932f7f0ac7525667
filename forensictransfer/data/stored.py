"""Images inside the files of a built data set, found and read one by one, without TensorFlow and without decoding.

TFDS keeps examples in TFRecord files: for each record its length (8 bytes), a checksum (4), a `tf.train.Example`
(https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/example/example.proto) and a checksum (4). A scan
goes from record to record and from field to field by their lengths, so that it reads a few hundred bytes of each and
never an image. What it finds is kept in an index beside the files; a domain of any size is then opened at once, and
its images are read where they lie.
"""

from __future__ import annotations

import json
import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import writing

INDEX = "forensictransfer_index.jsonl"
_TEXTS = ("name", "group")
_IMAGES = ("image", "mask")


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An encoded image that lies in a larger file: `length` bytes from `offset` on. Read like a Path."""

    file: Path
    offset: int
    length: int

    def read_bytes(self) -> bytes:
        """Read the encoded image. Raises OSError if the file is gone or has been cut short."""
        with open(self.file, "rb") as file:
            file.seek(self.offset)
            content = file.read(self.length)
        if len(content) != self.length:
            raise OSError(5, "is shorter than when it was built", str(self.file))
        return content

    def __str__(self) -> str:
        return f"{self.file}[{self.offset}:+{self.length}]"


class Example(NamedTuple):
    """One image of a built-in data set: the encoded bytes as they were stored, and what is known about it.

    mask: the encoded image of what was changed, if the data set has one.
    """

    name: str
    label: int
    group: str
    split: str
    image: StoredImage | bytes
    mask: StoredImage | bytes | None = None


def read_examples(folder: Path, splits: tuple[str, ...]) -> list[Example]:
    """Read all examples of a built data set's folder, sorted by split and name: from the index, else by a scan.

    Raises:
        UserError: the files are not what TFDS wrote, or cannot be read.
    """
    try:
        index = folder / INDEX
        rows = _rows(index) if index.is_file() else _scan(folder, splits)
        found = [
            Example(name, label, group, split, _image(folder, image), _image(folder, mask))  # type: ignore[arg-type]
            for name, label, group, split, image, mask in rows
        ]
    except (OSError, ValueError, IndexError, KeyError, TypeError, struct.error) as error:
        raise UserError(
            f"{folder}: expected a data set as it was built ({error}); build it again", code=ErrorCode.FILE_DAMAGED
        ) from error
    return sorted(found, key=lambda example: (splits.index(example.split), example.name))


def write_index(folder: Path, splits: tuple[str, ...]) -> None:
    """Scan a built data set's folder and keep what was found beside its files."""
    with writing(folder / INDEX) as temporary, temporary.open("w", encoding="utf-8") as file:
        for row in _scan(folder, splits):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _rows(index: Path) -> Iterator[list[Any]]:
    with index.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _image(folder: Path, place: list[Any] | None) -> StoredImage | None:
    return None if place is None else StoredImage(folder / place[0], place[1], place[2])


def _scan(folder: Path, splits: tuple[str, ...]) -> Iterator[list[Any]]:
    """Yield [name, label, group, split, image, mask] of each record.

    An image is [file, offset, length], no mask is None.
    """
    for split in splits:
        for path in sorted(folder.glob(f"*-{split}.tfrecord-*")):
            if not path.stat().st_size:
                continue
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                # The images between the fields are skipped, so reading ahead would read the whole file for nothing.
                if hasattr(mmap, "MADV_RANDOM"):
                    content.madvise(mmap.MADV_RANDOM)
                for start, end in _records(content):
                    yield _example(content, start, end, path.name, split)


def _records(content: mmap.mmap) -> Iterator[tuple[int, int]]:
    place = 0
    while place < len(content):
        (length,) = struct.unpack_from("<Q", content, place)
        start, end = place + 12, place + 12 + length
        if end + 4 > len(content):
            raise ValueError("a record is cut short")
        yield start, end
        place = end + 4


def _example(content: mmap.mmap, start: int, end: int, file: str, split: str) -> list[Any]:
    texts: dict[str, str] = {}
    images: dict[str, list[Any] | None] = dict.fromkeys(_IMAGES)
    label = -1
    # Example { Features features = 1 } and Features { map<string, Feature> feature = 1 }, whose entries are messages
    # { string key = 1; Feature value = 2 }.
    ((_, start, end),) = _fields(content, start, end)
    for _, entry_start, entry_end in _fields(content, start, end):
        parts = {number: (first, last) for number, first, last in _fields(content, entry_start, entry_end)}
        key = content[slice(*parts[1])].decode()
        # Feature { oneof: BytesList 1, FloatList 2, Int64List 3 }, each with its values in field 1.
        values = [
            place for kind in _fields(content, *parts[2]) for place in _fields(content, kind[1], kind[2], packed=True)
        ]
        if key in _TEXTS:
            texts[key] = content[values[0][1] : values[0][2]].decode()
        elif key in _IMAGES and values:
            images[key] = [file, values[0][1], values[0][2] - values[0][1]]
        elif key == "label":
            label = _varint(content, values[0][1])[0]
    return [texts["name"], label, texts["group"], split, images["image"], images["mask"]]


def _fields(content: mmap.mmap, start: int, end: int, *, packed: bool = False) -> list[tuple[int, int, int]]:
    """Find (number, first byte, past the last byte) of a message's fields; a plain number counts as its own bytes."""
    found = []
    while start < end:
        tag, start = _varint(content, start)
        if tag & 7 == 2:
            length, start = _varint(content, start)
            last = start + length
        elif tag & 7 == 0 and packed:
            last = _varint(content, start)[1]
        else:
            raise ValueError("a record is no example")
        found.append((tag >> 3, start, last))
        start = last
    if start != end:
        raise ValueError("a record is no example")
    return found


def _varint(content: mmap.mmap, place: int) -> tuple[int, int]:
    """Read a number in 7 bits a byte, the lowest first, and the place past it."""
    value = shift = 0
    while True:
        byte = content[place]
        value |= (byte & 127) << shift
        place += 1
        if byte < 128:
            return value, place
        shift += 7
