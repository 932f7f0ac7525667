"""Where metadata lie in JPEG, PNG, WebP and TIFF files, and how little of a hostile file is read."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import zlib

import pytest
from PIL import Image

from forensictransfer.data.metadata import blocks as module
from forensictransfer.data.metadata.blocks import read_blocks
from forensictransfer.data.metadata.exif import read_exif
from forensictransfer.data.metadata.iptc import read_iptc
from forensictransfer.data.metadata.limits import in_short
from tests.tagged import chunk, encoded, exif, jpeg, picture, png, segment, text, xmp

EXIF_BLOCK = exif([text(271, "Canon")])


def test_a_jpeg_gives_all_kinds() -> None:
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", 13) + b"\x1c\x02\x37\0\x0820110730" + b"\0"
    small = b"8BIM\x04\x0c\0\0" + struct.pack(">I", 32) + bytes(28) + b"tiny"
    long = xmp("<xmp:CreatorTool>" + "x" * 100_000 + "</xmp:CreatorTool>")
    parts = b""
    for place in range(0, len(long), 60_000):
        head = b"http://ns.adobe.com/xmp/extension/\0" + b"A" * 32 + struct.pack(">II", len(long), place)
        parts += segment(0xE1, head + long[place : place + 60_000])
    more = parts + segment(0xED, b"Photoshop 3.0\0" + resource + small) + segment(0xFE, "schön".encode())
    found = read_blocks(jpeg(EXIF_BLOCK, [xmp("")], more=more + segment(0xE1, b"Exif\0\0again")), "JPEG")
    assert found.exif == EXIF_BLOCK and found.xmp == [xmp(""), long]
    assert read_iptc(found.iptc) == {"DateCreated": "20110730"} and found.photoshop_thumbnail == b"tiny"
    assert [(one.key, one.text) for one in found.texts] == [("comment", "schön")]
    assert found.left_out == ["a second EXIF block"] and not found.has_c2pa
    assert read_blocks(jpeg(more=segment(0xEB, b"JP\0\x01....jumb....c2pa")), "JPEG").has_c2pa


def test_a_png_gives_texts_in_all_forms() -> None:
    international = chunk(b"iTXt", b"Title\0\x01\0de\0Titel\0" + zlib.compress("Grüße".encode()))
    raw = "\nexif\n  10\n" + (b"Exif\0\0" + EXIF_BLOCK).hex() + "\n"
    more = international + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp("")) + chunk(b"caBX", b"")
    found = read_blocks(png({"parameters": "Steps", "Raw profile type exif": raw}, more), "PNG")
    assert [(one.key, one.text) for one in found.texts] == [("parameters", "Steps"), ("Title", "Grüße")]
    assert found.xmp == [xmp("")] and found.exif == EXIF_BLOCK and found.has_c2pa and not found.left_out
    assert read_blocks(png({"a": "b"}, packed=True), "PNG").texts[0].text == "b"
    assert read_blocks(png(more=chunk(b"eXIf", EXIF_BLOCK)), "PNG").exif == EXIF_BLOCK


def test_webp_and_tiff_give_theirs() -> None:
    stream = io.BytesIO()
    Image.fromarray(picture()).save(stream, "WEBP", exif=b"Exif\0\0" + EXIF_BLOCK, xmp=xmp(""))
    found = read_blocks(stream.getvalue(), "WEBP")
    assert read_exif(found.exif).text("Make") == "Canon" and found.xmp == [xmp("")]
    stream = io.BytesIO()
    Image.fromarray(picture()).save(stream, "TIFF", tiffinfo={271: "Canon", 700: xmp("")})
    found = read_blocks(stream.getvalue(), "TIFF")
    assert read_exif(found.exif).text("Make") == "Canon" and found.xmp == [xmp("")]
    assert read_blocks(encoded("BMP"), "BMP").exif == b""


def test_a_text_of_two_megabytes_is_read_whole_and_a_longer_one_to_the_limit() -> None:
    (found,) = read_blocks(png({"workflow": "w" * 2_000_000}), "PNG").texts
    assert len(found.text) == 2_000_000 and found.is_whole
    (found,) = read_blocks(png({"workflow": "w" * 5_000_000}), "PNG").texts
    assert len(found.text) == 4 << 20 and not found.is_whole


def test_bombs_are_bounded_in_memory_and_time() -> None:
    bomb = zlib.compress(bytes(100 << 20), 1)  # 100 MB in 0.5
    content = png(more=b"".join(chunk(b"zTXt", b"key%d\0\0" % number + bomb) for number in range(8)))
    tracemalloc.start()
    begun = time.process_time()
    found = read_blocks(content, "PNG")
    assert time.process_time() - begun < 5 and tracemalloc.get_traced_memory()[1] < 60 << 20
    tracemalloc.stop()
    assert sum(len(one.text) for one in found.texts) <= 16 << 20
    assert any("16 MB" in one for one in found.left_out)


def test_many_parts_are_not_all_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PARTS", 100)
    monkeypatch.setattr(module, "MOST_TEXTS", 5)
    assert not read_blocks(png(more=chunk(b"tEXt", b"a\0b") * 200), "PNG").is_whole
    assert "texts beyond 5" in read_blocks(png(more=chunk(b"tEXt", b"a\0b") * 20), "PNG").left_out[0]
    monkeypatch.setattr(module, "MOST_TEXTS", 500)
    assert "behind 100 chunks" in read_blocks(png(more=chunk(b"tEXt", b"a\0b") * 200), "PNG").left_out[0]
    assert "behind 100 segments" in read_blocks(jpeg(more=segment(0xFE, b"a") * 200), "JPEG").left_out[0]


@pytest.mark.parametrize(
    "body",
    [b"", b"no key", b"k\0\x01\0" + b"x" * 2000, b"k\0\x01\0de\0\0no zlib", b"k\0", b"Raw profile type exif\0zz"],
)
def test_damaged_texts_are_left_out(body: bytes) -> None:
    for kind in (b"iTXt", b"zTXt", b"tEXt"):
        found = read_blocks(png(more=chunk(kind, body)), "PNG")
        assert found.left_out or all(len(one.text) <= len(body) for one in found.texts)


def test_a_wrong_checksum_is_said() -> None:
    content = png({"parameters": "Steps"}).replace(b"Steps", b"steps")
    found = read_blocks(content, "PNG")
    assert not found.texts and found.left_out == ["a tEXt chunk that is damaged"]


def test_noise_raises_nothing() -> None:
    for kind, content in (("PNG", png({"a": "b"}, packed=True)), ("JPEG", jpeg(EXIF_BLOCK, [xmp("")]))):
        for place in range(2, 300):
            for value in (0, 255):
                changed = bytearray(content)
                changed[place] = value
                read_blocks(bytes(changed), kind)


def test_what_is_quoted_stays_short() -> None:
    assert in_short("a\n b") == "a b" and len(in_short("x" * 10**6)) == 163
