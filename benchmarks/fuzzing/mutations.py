"""Changes of bytes that find faults in readers: random ones, and such that keep a file's structure."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence

import numpy as np

Mutation = Callable[[bytearray, np.random.Generator], bytearray]
_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def flip(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Flip up to eight bits."""
    for place in rng.integers(0, len(data), rng.integers(1, 9)):
        data[place] ^= 1 << int(rng.integers(8))
    return data


def replace(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Put other bytes in the place of up to eight."""
    for place in rng.integers(0, len(data), rng.integers(1, 9)):
        data[place] = int(rng.integers(256))
    return data


def number(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Write a number at the edge of its range, of one, two or four bytes, in either order."""
    size = int(rng.choice((1, 2, 4)))
    place = int(rng.integers(0, max(1, len(data) - size)))
    value = _NUMBERS[rng.integers(len(_NUMBERS))] & ((1 << 8 * size) - 1)
    data[place : place + size] = value.to_bytes(size, "big" if rng.random() < 0.5 else "little")
    return data


def cut(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Lose the end."""
    return data[: int(rng.integers(0, len(data)))]


def lose(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Lose a part."""
    first = int(rng.integers(0, len(data)))
    del data[first : first + int(rng.integers(1, 200))]
    return data


def insert(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Insert random bytes, zeros, or bytes of all bits."""
    size = int(rng.integers(1, 200))
    kinds = (rng.bytes(size), bytes(size), b"\xff" * size)
    place = int(rng.integers(0, len(data) + 1))
    data[place:place] = kinds[rng.integers(3)]
    return data


def blank(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Put zeros in the place of a part, as a disk does."""
    first = int(rng.integers(0, len(data)))
    size = min(int(rng.integers(1, 600)), len(data) - first)
    data[first : first + size] = bytes(size)
    return data


def repeat(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Say a part twice."""
    first = int(rng.integers(0, len(data)))
    part = data[first : first + int(rng.integers(1, 300))]
    place = int(rng.integers(0, len(data) + 1))
    data[place:place] = part
    return data


def png_chunk(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Change the body of a chunk and make its checksum right again, so that what is behind the checksum is reached."""
    places = []
    place = 8
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        if place + 12 + length > len(data):
            break
        places.append((place, length))
        place += 12 + length
    if not places:
        return flip(data, rng)
    place, length = places[rng.integers(len(places))]
    body = bytearray(data[place + 8 : place + 8 + length])
    body = (flip, replace, number, cut, insert)[int(rng.integers(5))](body, rng) if body else body
    kind = bytes(data[place + 4 : place + 8])
    data[place : place + 12 + length] = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + bytes(body)))
    )
    return data


def head(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Change the first 700 bytes, where most formats say what they are."""
    size = min(700, len(data))
    return (flip, replace, number, lose, insert)[rng.integers(5)](data[:size], rng) + data[size:]


def tail(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Change the last 300 bytes, where TIFF has its directory."""
    size = min(300, len(data))
    changed = (flip, replace, number, cut, lose, insert)[rng.integers(6)](data[len(data) - size :], rng)
    return data[: len(data) - size] + changed


EVERY: tuple[Mutation, ...] = (flip, replace, number, cut, lose, insert, blank, repeat, head, head, tail)


def mutated(data: bytes, rng: np.random.Generator, others: Sequence[bytes] = ()) -> bytes:
    """Change a file by one to three mutations, or join it to a part of another file."""
    changed = bytearray(data)
    if others and rng.random() < 0.05:
        other = others[int(rng.integers(len(others)))]
        return bytes(changed[: int(rng.integers(1, len(changed)))]) + other[int(rng.integers(0, len(other))) :]
    choices = (*EVERY, png_chunk, png_chunk, png_chunk) if data.startswith(b"\x89PNG") else EVERY
    for _ in range(int(rng.integers(1, 4))):
        if changed:
            changed = choices[rng.integers(len(choices))](changed, rng)
    return bytes(changed)
