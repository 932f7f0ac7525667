"""XMP and IPTC within limits: properties in every form that RDF allows, and no entity is ever expanded."""

from __future__ import annotations

import struct
import time

import pytest

from forensictransfer.data.metadata.iptc import read_iptc
from forensictransfer.data.metadata.xmp import EVENT, IPTC_EXTENSION, XAP, read_xmp
from tests.tagged import XMP_HEAD, XMP_TAIL, xmp

TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


@pytest.mark.parametrize(
    "inside",
    [
        f"<e:DigitalSourceType>{TYPE}</e:DigitalSourceType>",
        f'<e:DigitalSourceType rdf:resource="{TYPE}"/>',
        f"<e:DigitalSourceType><rdf:Bag><rdf:li>{TYPE}</rdf:li></rdf:Bag></e:DigitalSourceType>",
    ],
)
def test_a_property_is_found_in_every_form(inside: str) -> None:
    assert read_xmp([xmp(inside)]).first(IPTC_EXTENSION, "DigitalSourceType") == TYPE


def test_attributes_and_histories_are_read() -> None:
    events = "".join(f'<rdf:li v:softwareAgent="Editor {n}" v:action="saved"/>' for n in range(3))
    found = read_xmp([xmp(f"<m:History><rdf:Seq>{events}</rdf:Seq></m:History>")])
    assert found.all(EVENT, "softwareAgent") == ["Editor 0", "Editor 1", "Editor 2"] and not found.problems
    attribute = XMP_HEAD.replace('rdf:about=""', 'rdf:about="" xmp:CreatorTool="Paint"')
    assert read_xmp([(attribute + XMP_TAIL).encode()]).first(XAP, "CreatorTool") == "Paint"
    assert read_xmp([(attribute + XMP_TAIL).encode("utf-16")]).first(XAP, "CreatorTool") == "Paint"
    assert read_xmp([]).first(XAP, "CreatorTool") == ""


def test_entity_bombs_are_refused_where_they_begin() -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE x [<!ENTITY l0 "lol">{levels}]><x>&l9;</x>'
    begun = time.process_time()
    found = read_xmp([bomb.encode()])
    assert "document type" in found.problems[0] and not found.values and time.process_time() - begun < 1
    outside = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><x>&f;</x>'
    assert not read_xmp([outside.encode()]).values


def test_depth_and_number_of_elements_are_limited() -> None:
    begun = time.process_time()
    deep = read_xmp([b"<a>" * 1_000_000])
    wide = read_xmp([xmp("<xmp:CreatorTool>a</xmp:CreatorTool>" * 100_000)])
    assert "deep" in deep.problems[0] and "50,000" in wide.problems[0]
    assert len(wide.all(XAP, "CreatorTool")) == 64 and time.process_time() - begun < 3
    long = read_xmp([xmp(f"<xmp:CreatorTool>{'a' * 5_000_000}</xmp:CreatorTool>")])
    assert "4 MB" in long.problems[0]
    assert len(read_xmp([b"<a/>"] * 9).problems) == 1


@pytest.mark.parametrize(
    "packet", [b"", b"<", b"\xff\xfe\0", b"no XML", b'<?xml version="1.0" encoding="x-none"?><a/>']
)
def test_damaged_packets_are_said(packet: bytes) -> None:
    assert read_xmp([packet]).problems and not read_xmp([packet]).values


def test_records_of_iptc_are_read() -> None:
    def record(group: int, number: int, body: bytes) -> bytes:
        return struct.pack(">BBBH", 0x1C, group, number, len(body)) + body

    block = (
        record(1, 90, b"\x1b%G") + record(2, 55, b"20110730") + record(2, 110, "Zoë".encode()) + record(2, 110, b"b")
    )
    assert read_iptc(block) == {"DateCreated": "20110730", "Credit": "Zoë"}
    assert read_iptc(block[:-3])["Credit"] == "Zoë"
    assert read_iptc(b"") == {} and read_iptc(b"\x1c\x02\x37\xff\xff") == {"DateCreated": ""}
    assert read_iptc(b"\x1c\x02\x37\x80\x02\0\x03abc") == {"DateCreated": "abc"}
