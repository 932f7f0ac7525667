"""XMP within limits: the properties of a packet, flat, by namespace and name.

Expat of the standard library reads it. A document type is refused where it begins, before any entity is declared, which
is what defusedxml does too (and what rules out entity bombs and outside files); size, depth and number are limited.
Source: XMP Specification Part 1 (ISO 16684-1:2019).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from forensictransfer.data.metadata.limits import MOST_DEPTH, MOST_ELEMENTS, MOST_TEXT, MOST_VALUES

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XAP = "http://ns.adobe.com/xap/1.0/"
TIFF = "http://ns.adobe.com/tiff/1.0/"
EXIF = "http://ns.adobe.com/exif/1.0/"
PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
IPTC_EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
EVENT = "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
DUBLIN_CORE_TERMS = "http://purl.org/dc/terms/"
_LONGEST = 100_000  # characters of one value: parameters of a generator may stand there
_CHUNK = 1 << 16  # bytes given to the parser at once, so that a limit is noticed soon


class _BeyondLimit(Exception):
    """The packet has more than is read; what was found before counts."""


@dataclass
class Xmp:
    """The values of properties by (namespace, name), in the order of the packet; `problems` in words."""

    values: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def all(self, namespace: str, name: str) -> list[str]:
        """List the values of a property, at whatever depth they stand."""
        return self.values.get((namespace, name), [])

    def first(self, namespace: str, name: str) -> str:
        """Give the first value of a property; "" where there is none."""
        return next(iter(self.all(namespace, name)), "")

    def _add(self, namespace: str, name: str, text: str) -> None:
        known = self.values.setdefault((namespace, name), [])
        if text and len(known) < MOST_VALUES:
            known.append(text[:_LONGEST])


def read_xmp(packets: list[bytes]) -> Xmp:
    """Read the packets of a file into one table. What is damaged or beyond a limit is said in `problems`."""
    found = Xmp()
    for packet in packets[:4]:
        _Reader(found).read(packet)
    if len(packets) > 4:
        found.problems.append("more than four packets")
    return found


class _Reader:
    """The state of one parsing: which elements are open, and how many there were."""

    def __init__(self, found: Xmp) -> None:
        self._found = found
        self._open: list[tuple[str, str]] = []
        self._text: list[str] = []
        self._count = 0
        self._parser = expat.ParserCreate(namespace_separator="\n")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._read_text

    def read(self, packet: bytes) -> None:
        packet = packet.strip(b"\0 \r\n\t")
        if len(packet) > MOST_TEXT:
            self._found.problems.append("a packet of more than 4 MB, whose end is not read")
        try:
            for place in range(0, min(len(packet), MOST_TEXT), _CHUNK):
                self._parser.Parse(packet[place : min(place + _CHUNK, MOST_TEXT)], False)
            if len(packet) <= MOST_TEXT:
                self._parser.Parse(b"", True)
        except _BeyondLimit as beyond:
            self._found.problems.append(str(beyond))
        except (expat.ExpatError, ValueError, LookupError):
            self._found.problems.append("damaged: no well-formed XML from some place on")

    def _refuse(self, *_: object) -> None:
        raise _BeyondLimit("it declares a document type, which XMP never has and entity bombs need: not read")

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) >= MOST_DEPTH or self._count > MOST_ELEMENTS:
            raise _BeyondLimit(f"elements {MOST_DEPTH} deep or more than {MOST_ELEMENTS:,}: the rest is not read")
        self._open.append(_split(name))
        self._text.clear()
        for key, value in attributes.items():
            namespace, short = _split(key)
            if namespace == RDF and short == "resource":
                self._add(value)
            elif namespace and namespace != RDF:
                self._found._add(namespace, short, value.strip())

    def _end(self, name: str) -> None:
        self._add("".join(self._text).strip())
        self._text.clear()
        self._open.pop()

    def _read_text(self, text: str) -> None:
        self._text.append(text)

    def _add(self, text: str) -> None:
        """Give a text to the innermost element that is no rdf:li, rdf:Seq and the like."""
        for namespace, name in reversed(self._open):
            if namespace != RDF:
                self._found._add(namespace, name, text)
                return


def _split(name: str) -> tuple[str, str]:
    namespace, _, short = name.rpartition("\n")
    return namespace, short
