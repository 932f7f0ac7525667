"""Look at images with everything that needs no training, and say what each detector finds and where.

One image is in memory at a time. What fails is one line of the result and stops nothing else.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from forensictransfer.core.errors import ErrorCode, UserError, nearest, some
from forensictransfer.data.encoded import ImageError
from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.base import Detector
from forensictransfer.detectors.evidence import Evidence
from forensictransfer.detectors.registry import Detectors, detectors, load_target
from forensictransfer.detectors.signals.jpeg_ghosts.detector import JpegGhosts
from forensictransfer.inference.boxes import boxes_of
from forensictransfer.inference.error_levels import NAME as LEVELS
from forensictransfer.inference.error_levels import WHY, error_levels
from forensictransfer.inference.inputs import folder_for_maps, images_of, nothing_read, skipped_image
from forensictransfer.inference.pictures import MapSheet
from forensictransfer.inference.provenance.c2pa import ManifestReader, is_installed, not_looked_at
from forensictransfer.inference.provenance.examine import provenance_of
from forensictransfer.inference.runs import run_detectors
from forensictransfer.results.formats.document import write_document
from forensictransfer.results.formats.inspection import Finding, InspectedImage, Inspection
from forensictransfer.results.formats.skipped import SkippedImage

_log = logging.getLogger(__name__)

NAME = "inspection.json"
_MOST_AT_ONCE = 4  # detectors, each of which may take most of a GB for a large photograph
_CROP = 128  # what detectors are made for that ask for a crop; none of those that learn nothing does


def inspect_images(
    paths: Sequence[str | Path],
    names: Sequence[str] | None = None,
    out: str | Path | None = None,
    trust: str | Path | None = None,
    *,
    ghost_shifts: bool = False,
    runs: Sequence[str | Path] = (),
) -> Inspection:
    """Look at images with all detectors that learn nothing, or with some of them, and at what their metadata say.

    Args:
        paths: image files, and folders that are searched for images at any depth.
        names: of detectors (default: all that learn nothing).
        out: a folder that is new or empty: a PNG for each map, sheet.png with all of them, inspection.json; with all
            detectors also a picture of error levels, which is no evidence.
        trust: a PEM file of certificates; who signs C2PA manifests with one that leads to them is trusted.
        ghost_shifts: whether `jpeg_ghosts` searches all 64 grids and not the image's own alone.
        runs: runs trained on photographs alone, whose detectors are used, too.
    Returns: what was found; files that cannot be read are listed in it.
    Raises:
        UserError: no path, an unknown or unsuitable detector, a folder that is not empty, a trust list that is none or
            cannot be used without c2pa-python, a run that is none of photographs, or no image that can be read.
    """
    if not paths:
        raise UserError("inspect: expected at least one image or folder", code=ErrorCode.COMMAND_LINE)
    chosen = _chosen(names)
    manifests = ManifestReader(trust) if trust is not None or is_installed() else None
    if ghost_shifts and JpegGhosts.name not in chosen:
        raise UserError(
            f"--ghost-shifts: expected '{JpegGhosts.name}' among --detectors, got {', '.join(chosen)}; name it too",
            code=ErrorCode.COMMAND_LINE,
        )
    of_runs = run_detectors(runs)
    folder = None if out is None else folder_for_maps(out)
    loaded = {**{name: _loaded(name) for name in chosen}, **of_runs}
    if ghost_shifts:
        loaded[JpegGhosts.name] = JpegGhosts(shifts=True)
    sheet = None if folder is None else MapSheet(folder)
    images: list[InspectedImage] = []
    skipped: list[SkippedImage] = []
    for image in images_of(paths, skipped):
        try:
            images.append(_inspected(image, loaded, sheet, manifests, with_levels=names is None))
        except ImageError as error:
            skipped.append(skipped_image(image.name, error))
    if not images:
        raise nothing_read(skipped)
    found = Inspection(
        images=tuple(images),
        skipped=tuple(skipped),
        sheet=None if sheet is None else sheet.write(),
        notes=() if manifests is not None else (not_looked_at(),),
    )
    if folder is not None:
        write_document(folder / NAME, found)
    return found


def _chosen(names: Sequence[str] | None) -> list[str]:
    """List the detectors to use. Raises UserError for one that is unknown, or is trained."""
    known = detectors()
    if names is None:
        return [name for name in known if _learns_nothing(known, name)]
    for name in names:
        if name not in known:
            raise UserError(
                f"unknown detector '{name}': expected {some(known)}{nearest(name, known)}", code=ErrorCode.NAME_UNKNOWN
            )
        if not _learns_nothing(known, name):
            raise UserError(
                f"detector '{name}': is trained; `train` makes a run of it, and `evaluate` applies that to a domain",
                code=ErrorCode.DETECTOR_UNSUITABLE,
            )
    return list(dict.fromkeys(names))


def _learns_nothing(known: Detectors, name: str) -> bool:
    try:
        return known[name].trains == "none"
    except UserError as error:  # of another package, which is broken: said, and nobody else's trouble
        _log.warning("%s", error)
        return False


def _loaded(name: str) -> Detector | str:
    """Make a detector, or say in one line why that fails."""
    try:
        made: Detector = load_target(detectors()[name].target).create(_CROP)
        return made
    except Exception as error:
        return _in_one_line(error)


def _inspected(
    image: ImageFile,
    loaded: Mapping[str, Detector | str],
    sheet: MapSheet | None,
    manifests: ManifestReader | None,
    *,
    with_levels: bool,
) -> InspectedImage:
    height, width = image.size
    place = None if sheet is None else sheet.begin(image)
    findings = []
    for name, evidence in zip(loaded, _by_all(loaded, image), strict=True):
        if isinstance(evidence, str):
            findings.append(Finding(detector=name, error=evidence))
            continue
        file = None
        if place is not None and evidence.heat_map is not None:
            file = place.add(name, evidence.heat_map)
        findings.append(_finding(name, evidence, file))
    if place is not None and with_levels:
        file = place.add(LEVELS, error_levels(image.pixels))
        findings.append(Finding(detector=LEVELS, words=(WHY,), map=file))
    return InspectedImage(
        name=image.name,
        sha256=image.sha256,
        format=image.container.format,
        width=width,
        height=height,
        about=_about(image),
        findings=tuple(findings),
        provenance=provenance_of(image, manifests),
    )


def _by_all(loaded: Mapping[str, Detector | str], image: ImageFile) -> list[Evidence | str]:
    """Give what each detector says of one image, or how it failed, in their order; as many at once as processors."""
    with contextlib.suppress(ImageError):
        _ = image.coefficients  # decoded once, before several ask for it
    with ThreadPoolExecutor(max(1, min(_MOST_AT_ONCE, os.cpu_count() or 1)), thread_name_prefix="inspect") as pool:
        asked = [one if isinstance(one, str) else pool.submit(_examined, one, image) for one in loaded.values()]
        return [one if isinstance(one, str) else one.result() for one in asked]


def _examined(detector: Detector, image: ImageFile) -> Evidence | str:
    """Give the evidence of one image, or say in one line how the detector failed."""
    try:
        (evidence,) = detector.examine([image])
        return evidence
    except Exception as error:
        _log.debug("%s: %s", image.name, detector.name, exc_info=True)
        return _in_one_line(error)


def _in_one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def _finding(name: str, evidence: Evidence, file: str | None) -> Finding:
    if not evidence.applies:
        return Finding(detector=name, applies=False, reason=evidence.reason)
    mask = evidence.mask
    return Finding(
        detector=name,
        score=float(evidence.score),
        probability=evidence.probability,
        found=None if mask is None else bool(mask.any()),
        words=evidence.reasons,
        places=() if mask is None else boxes_of(mask),
        area=None if mask is None else float(mask.mean()),
        map=file,
    )


def _about(image: ImageFile) -> tuple[str, ...]:
    """Say what the file tells of itself: how it was compressed last, and what metadata it has. No verdict."""
    history, metadata = image.jpeg_history, image.container.facts.get("metadata", "none")
    told = [] if history is None else list(history.words)
    return (*told, "no metadata" if metadata == "none" else f"metadata: {metadata}")
