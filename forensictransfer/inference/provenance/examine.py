"""All that one file says of its origin, in the order of how much it weighs: signature, contradictions, statements."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from forensictransfer.data.image_file import ImageFile
from forensictransfer.data.metadata.blocks import read_blocks
from forensictransfer.data.metadata.exif import Exif, read_exif
from forensictransfer.data.metadata.iptc import read_iptc
from forensictransfer.data.metadata.xmp import TIFF, Xmp, read_xmp
from forensictransfer.inference.provenance.c2pa import ManifestReader
from forensictransfer.inference.provenance.contradictions import date_findings, geometry_findings
from forensictransfer.inference.provenance.findings import CARELESS, UNREAD
from forensictransfer.inference.provenance.generators import generator_findings
from forensictransfer.inference.provenance.statements import (
    camera_finding,
    program_findings,
    prompt_findings,
    source_type_findings,
    unread_findings,
)
from forensictransfer.inference.provenance.thumbnails import thumbnail_findings
from forensictransfer.results.formats.inspection import ProvenanceFinding

_log = logging.getLogger(__name__)


def provenance_of(image: ImageFile, manifests: ManifestReader | None = None) -> tuple[ProvenanceFinding, ...]:
    """Find what a file says of its origin. manifests: reads C2PA (default: that is not looked at).

    Whatever metadata hold, nothing is raised for it. Raises ImageError for an image that cannot be read.
    """
    content, container = image.content, image.container
    pixels, kind = image.pixels, container.format
    blocks = read_blocks(content, kind)
    exif, xmp, iptc = read_exif(blocks.exif), read_xmp(blocks.xmp), read_iptc(blocks.iptc)
    texts = {one.key: one.text for one in blocks.texts}
    place = "PNG text" if kind == "PNG" else "comment"
    steps: list[Callable[[], Iterator[ProvenanceFinding]]] = []
    if manifests is not None:
        steps.append(lambda: manifests.findings(content, kind, blocks, xmp))
    steps += [
        lambda: date_findings(exif, xmp, iptc),
        lambda: geometry_findings(exif, xmp, container.width, container.height),
        lambda: thumbnail_findings(exif, blocks.photoshop_thumbnail, pixels, _orientation(exif, xmp)),
        lambda: generator_findings(blocks.texts, exif, xmp, place),
        lambda: source_type_findings(xmp),
        lambda: prompt_findings(xmp),
        lambda: camera_finding(exif, xmp),
        lambda: program_findings(exif, xmp, iptc, texts, place),
        lambda: unread_findings(blocks, exif, xmp),
    ]
    return tuple(finding for step in steps for finding in _found(step, image.name))


def _found(step: Callable[[], Iterator[ProvenanceFinding]], name: str) -> list[ProvenanceFinding]:
    """Take the findings of one step; what metadata nobody has thought of do to it is one line."""
    try:
        return list(step())
    except Exception as error:
        _log.debug("%s", name, exc_info=True)
        said = f"left out: {type(error).__name__} at metadata that nobody has thought of"
        return [ProvenanceFinding(what="metadata", source="file", strength=UNREAD, words=said, limits=CARELESS)]


def _orientation(exif: Exif, xmp: Xmp) -> int:
    """Read how the picture is turned, 1 to 8, from EXIF or else XMP."""
    told = [*exif.numbers("Orientation")[:1], *(int(one) for one in xmp.all(TIFF, "Orientation")[:1] if one.isdigit())]
    return next((int(one) for one in told if 1 <= one <= 8), 1)
