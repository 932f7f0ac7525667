"""Check images against the fingerprints of generators: which of them made an image, or none of these."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.data.encoded import ImageError
from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.signals.generator.fingerprint import (
    GeneratorFingerprint,
    chance,
    fewest_reals,
    threshold,
)
from forensictransfer.detectors.signals.generator.noise import folded_noise
from forensictransfer.evaluation.attribution import NONE, attribute
from forensictransfer.inference.generator_enrolment import FALSE_ALARMS, no_noise
from forensictransfer.inference.inputs import images_of, nothing_read, skipped_image
from forensictransfer.results.formats.generator import AttributedImage, GeneratorCheck, GeneratorInfo, GeneratorMatch
from forensictransfer.results.formats.skipped import SkippedImage
from forensictransfer.results.generators import Generator, read_generator


@dataclass(frozen=True, eq=False)
class LoadedGenerator:
    """A generator that images are compared with, by the name that it is given among the others."""

    name: str
    info: GeneratorInfo
    fingerprint: GeneratorFingerprint
    threshold: float

    @property
    def side(self) -> int:
        """Pixels of a side of the fingerprint."""
        return self.fingerprint.side


def check(
    paths: Sequence[str | Path], generators: Sequence[str | Path], *, false_alarms: float = FALSE_ALARMS
) -> GeneratorCheck:
    """Check images against one generator or several.

    Args:
        paths: images, and folders that are searched at any depth.
        generators: files that `enroll` wrote.
        false_alarms: the share of reals that any of the generators is named for; each is given an equal part of it.
    Returns: what was found of each generator in each image; files that cannot be read are listed in it.
    Raises:
        UserError: no path, no generator, a file that is none, too few reals held out for such a rate, or no image that
            can be read.
    """
    if not paths or not generators:
        raise UserError("generator check: expected at least one image and one generator", code=ErrorCode.COMMAND_LINE)
    check_rate(false_alarms)
    loaded = _load(generators, false_alarms)
    images: list[AttributedImage] = []
    skipped: list[SkippedImage] = []
    for image in images_of(paths, skipped):
        try:
            images.append(_checked(image, loaded))
        except ImageError as error:
            skipped.append(skipped_image(image.name, error))
    if not images:
        raise nothing_read(skipped)
    return GeneratorCheck(false_alarms=false_alarms, images=tuple(images), skipped=tuple(skipped))


def check_rate(false_alarms: float) -> None:
    """Raise UserError for what is no rate of false alarms."""
    if not 0 < false_alarms <= 0.5:
        raise UserError(
            f"--false-alarms: expected a share above 0 and up to 0.5, got {false_alarms:g}", code=ErrorCode.COMMAND_LINE
        )


def allowed_threshold(reals: Sequence[float], rate: float, generator: str) -> float:
    """Choose a generator's threshold. Raises UserError where too few reals were held out for the rate."""
    if len(reals) < fewest_reals(rate):
        raise UserError(
            f"{generator}: {len(reals)} reals were held out, a rate of false alarms of {rate:.3g} for each generator "
            f"needs {fewest_reals(rate)}; enroll it with more reals, or ask for a higher --false-alarms",
            code=ErrorCode.TOO_FEW_IMAGES,
        )
    return threshold(reals, rate)


def _load(files: Sequence[str | Path], false_alarms: float) -> list[LoadedGenerator]:
    """Open generator files under the names of their generators, those that share one under the names of their files."""
    opened: dict[Path, Generator] = {path: read_generator(path) for path in (Path(file).expanduser() for file in files)}
    names = [generator.info.name for generator in opened.values()]
    return [
        LoadedGenerator(
            generator.info.name if names.count(generator.info.name) == 1 else str(path),
            generator.info,
            generator.fingerprint,
            allowed_threshold(generator.info.real_strengths, false_alarms / len(opened), str(path)),
        )
        for path, generator in opened.items()
    ]


def _checked(image: ImageFile, generators: Sequence[LoadedGenerator]) -> AttributedImage:
    height, width = image.size
    noise = {side: folded_noise(image.pixels, side) for side in {one.side for one in generators}}
    matches = [_match(image, one, noise[one.side]) for one in generators]
    strengths = [math.nan if one.strength is None else one.strength for one in matches]
    best = int(attribute(np.array([strengths]), np.array([one.threshold for one in generators]))[0])
    return AttributedImage(
        name=image.name,
        sha256=image.sha256,
        width=width,
        height=height,
        generator=None if best == NONE else generators[best].name,
        matches=tuple(matches),
    )


def _match(image: ImageFile, generator: LoadedGenerator, noise: np.ndarray | None) -> GeneratorMatch:
    if noise is None:
        return GeneratorMatch(generator=generator.name, applies=False, reason=no_noise(image, generator.side))
    strength = generator.fingerprint.strength(noise)
    return GeneratorMatch(
        generator=generator.name,
        found=strength > generator.threshold,
        strength=strength,
        threshold=generator.threshold,
        chance=chance(generator.info.real_strengths, strength),
        enrolled=image.sha256 in generator.info.files,
    )
