"""Enroll cameras and generators, and ask which of them an image is from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.settings import DomainSettings, Settings
from forensictransfer.experiments.requests import (
    DomainLike,
    open_domain_with_notes,
)

if TYPE_CHECKING:
    from forensictransfer.results.formats.camera import CameraCheck, CameraInfo
    from forensictransfer.results.formats.generator import GeneratorCheck, GeneratorInfo, GeneratorTable


def enroll_camera(
    photos: str | Path | Sequence[str | Path], out: str | Path, *, name: str | None = None, overwrite: bool = False
) -> CameraInfo:
    """Estimate a camera's fingerprint from photographs that it took, and write it to a file.

    Args:
        photos: photographs, folders that are searched at any depth, or several of them.
        out: the file to write, .npz. name: of the camera (default: the file's). overwrite: replace a camera there.
    Returns: what is known of the camera: its photographs, and what was skipped.
    Raises: UserError for any mistake in the input.
    """
    from forensictransfer.inference.enrolment import enroll

    return enroll([photos] if isinstance(photos, (str, Path)) else photos, out, name, overwrite=overwrite)


def check_camera(
    images: str | Path | Sequence[str | Path],
    camera: str | Path | Sequence[str | Path],
    *,
    out: str | Path | None = None,
    scales: Sequence[float] = (),
) -> CameraCheck:
    """Ask of images which of some cameras took them, and from what part of its frame.

    Args:
        images: an image file, a folder that is searched at any depth, or several of them.
        camera: a file that `enroll_camera` wrote, or several.
        out: a new or empty folder for maps of where a fingerprint is absent, one sheet of them, cameras.json.
        scales: sizes by which crops may have been resized, besides 1; whole photographs are found at any size.
    Returns: what was found of each camera in each image, and which files were skipped.
    Raises: UserError for any mistake in the input, and where no image can be read.
    """
    from forensictransfer.inference.cameras import check

    return check(
        [images] if isinstance(images, (str, Path)) else images,
        [camera] if isinstance(camera, (str, Path)) else camera,
        out,
        scales=scales,
    )


def enroll_generator(
    fakes: DomainLike | Sequence[str | Path],
    out: str | Path,
    *,
    reals: str | Path | Sequence[str | Path] | None = None,
    name: str | None = None,
    count: int | None = None,
    group: str | None = None,
    side: int = 128,
    overwrite: bool = False,
) -> GeneratorInfo:
    """Estimate a generator's fingerprint from images that it made, and write it to a file.

    Args:
        fakes: without `reals` one domain, of which the test split is not looked at; with them images and folders.
        out: the file to write, .npz. reals: photographs, and folders of them.
        name: of the generator (default: the file's). count: fakes that are estimated from (default: all).
        group: what belongs together, as for `train`; of loose images on their paths.
        side: of the tiles that are averaged, pixels. overwrite: replace a generator there.
    Returns: what is known of the generator, and what was skipped.
    Raises: UserError for any mistake in the input.
    """
    from forensictransfer.inference import generator_enrolment as enrolment
    from forensictransfer.results.formats.skipped import SkippedImage

    listed = [fakes] if isinstance(fakes, (str, Path, DomainSettings)) else list(fakes)
    skipped: list[SkippedImage] = []
    if reals is not None:
        loose = [str(one.path) if isinstance(one, DomainSettings) else one for one in listed]
        photographs = [reals] if isinstance(reals, (str, Path)) else list(reals)
        domain = enrolment.loose_domain(loose, photographs, group or "stem", skipped)
    elif len(listed) == 1:
        domain = open_domain_with_notes(listed[0], group, Settings().data, learn=True)
    else:
        raise UserError(
            "generator enroll: expected one domain, or fakes and, by --real, photographs", code=ErrorCode.COMMAND_LINE
        )
    return enrolment.enroll(domain, out, name, fakes=count, side=side, skipped=skipped, overwrite=overwrite)


def check_generator(
    images: str | Path | Sequence[str | Path],
    generator: str | Path | Sequence[str | Path],
    *,
    false_alarms: float = 0.05,
) -> GeneratorCheck:
    """Ask of images which of some generators made them, or none of these.

    Args:
        images: an image file, a folder that is searched at any depth, or several of them.
        generator: a file that `enroll_generator` wrote, or several.
        false_alarms: the share of photographs like those enrolled that any generator is named for.
    Returns: what was found of each generator in each image, and which files were skipped.
    Raises: UserError for any mistake in the input, and where no image can be read.
    """
    from forensictransfer.inference.generators import check

    return check(
        [images] if isinstance(images, (str, Path)) else images,
        [generator] if isinstance(generator, (str, Path)) else generator,
        false_alarms=false_alarms,
    )


def generator_table(
    domains: DomainLike | Sequence[DomainLike],
    others: DomainLike | Sequence[DomainLike] = (),
    *,
    fakes: int | Sequence[int] = (),
    false_alarms: float = 0.05,
    group: str | None = None,
    side: int = 128,
    seed: int = 0,
    csv: str | Path | None = None,
) -> GeneratorTable:
    """Enroll the generators of some domains, and attribute the test splits of these and others to them or to none.

    Args:
        domains: their fakes are of one generator each. others: their images are of none of these.
        fakes: how many of each are estimated from, or several such numbers (default: all).
        false_alarms: the share of reals that any generator is named for.
        group: what belongs together, as for `train`; holds for all domains.
        side: of the tiles that are averaged, pixels. seed: of the choice of fakes. csv: a file for the table.
    Returns: what was attributed to whom, and with each generator left out in turn.
    Raises: UserError for any mistake in the input.
    """
    from forensictransfer.inference.generator_table import table
    from forensictransfer.report.tables.generators import check_csv, write_csv

    check_csv(csv)
    kinds = (str, Path, DomainSettings)
    opened = [
        [
            open_domain_with_notes(spec, group, Settings().data, learn=True)
            for spec in ([specs] if isinstance(specs, kinds) else specs)
        ]
        for specs in (domains, others)
    ]
    found = table(
        *opened,
        fakes=[fakes] if isinstance(fakes, int) else fakes,
        false_alarms=false_alarms,
        side=side,
        seed=seed,
    )
    write_csv(csv, found)
    return found
