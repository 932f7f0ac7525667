"""What a file says outright: the camera, the programs, what kind of source it is, and what of it could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from forensictransfer.data.metadata.blocks import Blocks
from forensictransfer.data.metadata.exif import Exif
from forensictransfer.data.metadata.xmp import EVENT, IPTC_EXTENSION, PHOTOSHOP, TIFF, XAP, Xmp
from forensictransfer.inference.provenance.findings import CARELESS, UNREAD, quoted, stated
from forensictransfer.inference.provenance.programs import generator_named, kind_of_program
from forensictransfer.inference.provenance.source_types import in_words
from forensictransfer.results.formats.inspection import ProvenanceFinding

_EXIF_PROGRAMS = (
    *("Software", "ProcessingSoftware", "HostComputer", "CameraFirmware", "RAWDevelopingSoftware"),
    *("ImageEditingSoftware", "MetadataEditingSoftware"),
)
_DID = "tells nothing of what was done to the picture"
_MOST = 8  # programs that are listed


def camera_finding(exif: Exif, xmp: Xmp) -> Iterator[ProvenanceFinding]:
    """Tell the camera that EXIF or XMP names, with the date of exposure."""
    for source, make, model, taken in (
        ("EXIF", exif.text("Make"), exif.text("Model"), exif.text("DateTimeOriginal")),
        ("XMP", xmp.first(TIFF, "Make"), xmp.first(TIFF, "Model"), ""),
    ):
        if generator_named(f"{make} {model}") or make.lower().startswith(("prompt:", "workflow:")):
            continue
        if make or model:
            name = model if model.lower().startswith(make.lower()) else f"{make} {model}"
            when = f", taken {quoted(taken, 40)}" if taken else ""
            yield stated(
                "camera", source, f"camera {quoted(name.strip())}{when}", "anyone can copy it from a photograph"
            )
            return


def program_findings(
    exif: Exif, xmp: Xmp, iptc: Mapping[str, str], texts: Mapping[str, str], place: str
) -> Iterator[ProvenanceFinding]:
    """List the programs that the file names, each once, with what they are known for."""
    named: dict[str, list[str]] = {}
    for source, name in _programs(exif, xmp, iptc, texts, place):
        if name.strip():
            named.setdefault(name.strip()[:200], []).append(source)
    for name, sources in list(named.items())[:_MOST]:
        kind = kind_of_program(name)
        words = f"program {quoted(name, 80)}{f', {kind}' if kind else ''}"
        what = "generator" if generator_named(name) else "software"
        yield stated(what, " and ".join(dict.fromkeys(sources)), words, _DID)
    if len(named) > _MOST:
        yield stated("software", "XMP", f"{len(named) - _MOST} more programs", _DID)


def _programs(
    exif: Exif, xmp: Xmp, iptc: Mapping[str, str], texts: Mapping[str, str], place: str
) -> Iterator[tuple[str, str]]:
    for name in _EXIF_PROGRAMS:
        yield "EXIF", exif.text(name)
    yield "XMP", xmp.first(XAP, "CreatorTool")
    for agent in xmp.all(EVENT, "softwareAgent"):
        yield "XMP history", agent
    yield "IPTC", " ".join((iptc.get("OriginatingProgram", ""), iptc.get("ProgramVersion", "")))
    for key in ("Software", "software"):
        yield place, texts.get(key, "")
    for source, credit in (
        ("XMP credit", xmp.first(PHOTOSHOP, "Credit")),
        ("IPTC credit", iptc.get("Credit", "")),
        ("EXIF artist", exif.text("Artist")),
    ):
        if generator_named(credit):  # "Made with Google AI"
            yield source, credit
    for name in ("AISystemUsed", "AISystemVersionUsed"):
        yield "XMP", xmp.first(IPTC_EXTENSION, name)


def source_type_findings(xmp: Xmp) -> Iterator[ProvenanceFinding]:
    """Explain IPTC's digital source type in words."""
    found = [*xmp.all(IPTC_EXTENSION, "DigitalSourceType"), *xmp.all(IPTC_EXTENSION, "DigitalSourcefileType")]
    for value in list(dict.fromkeys(found))[:4]:
        yield stated("digital-source-type", "XMP", f"digital source type {in_words(value)}")


def prompt_findings(xmp: Xmp) -> Iterator[ProvenanceFinding]:
    """Quote the prompt that IPTC has a property for (since 2025.1)."""
    prompt = xmp.first(IPTC_EXTENSION, "AIPromptInformation")
    if prompt:
        yield stated("generator", "XMP", f"a prompt for a generator: {quoted(prompt)}")


def unread_findings(blocks: Blocks, exif: Exif, xmp: Xmp) -> Iterator[ProvenanceFinding]:
    """Say what of the metadata could not be read, or was beyond a limit."""
    for source, problems in (("file", blocks.left_out), ("EXIF", exif.problems), ("XMP", xmp.problems)):
        if problems:
            yield ProvenanceFinding(
                what="metadata",
                source=source,
                strength=UNREAD,
                words=f"left out: {'; '.join(dict.fromkeys(problems))}",
                limits=CARELESS,
            )
