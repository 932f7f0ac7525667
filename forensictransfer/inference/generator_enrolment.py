"""Estimate a generator's fingerprint from some of its images, and measure on the others what to expect of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import now
from forensictransfer.core.progress import ProgressBar
from forensictransfer.core.version import __version__
from forensictransfer.data.domains import Domain
from forensictransfer.data.encoded import ImageError
from forensictransfer.data.folders.groups import groups_of
from forensictransfer.data.image_file import ImageFile
from forensictransfer.data.places import entries_of
from forensictransfer.data.records import CLASS_FOLDERS, CLASSES, FAKE, REAL, Record
from forensictransfer.data.splits import shuffled, split_of
from forensictransfer.detectors.signals.generator.fingerprint import (
    GeneratorFingerprint,
    NoiseMean,
    fewest_reals,
    threshold,
)
from forensictransfer.detectors.signals.generator.noise import SIDE, folded_noise
from forensictransfer.evaluation.attribution import share
from forensictransfer.inference.inputs import images_of, nothing_read, skipped_image
from forensictransfer.results.formats.generator import GeneratorInfo, HeldOut
from forensictransfer.results.formats.skipped import SkippedImage
from forensictransfer.results.generators import Generator, check_generator_file, write_generator

_log = logging.getLogger(__name__)

FALSE_ALARMS = 0.05  # share of reals that a generator is named for, where no other is asked for
FEWEST = 10  # images of each class that a fingerprint is estimated from
ENOUGH = 128  # fakes, in the paper
_SHARES = (0.7, 0.3, 0.0)  # of loose images: estimated from, held out


def enroll(
    domain: Domain,
    out: str | Path,
    name: str | None = None,
    *,
    fakes: int | None = None,
    side: int = SIDE,
    skipped: Sequence[SkippedImage] = (),
    overwrite: bool = False,
) -> GeneratorInfo:
    """Estimate the fingerprint of the generator of a domain's fakes and write it to a file.

    Args:
        domain: its train split is estimated from, its validation split held out; its test split is not looked at.
        out: the file to write, .npz. name: of the generator (default: the file's).
        fakes: how many to estimate from, of as many groups as there are (default: all). side: of the tiles, pixels.
        skipped: files that were left out before. overwrite: replace a generator there.
    Returns: what is known of the generator.
    Raises:
        UserError: too few images, a side that cannot be one, or a file that cannot be written.
    """
    file = Path(out).expanduser()
    check_generator_file(file, overwrite=overwrite)
    check_side(side)
    left = list(skipped)
    known: dict[str, str] = {}
    means = (NoiseMean(side), NoiseMean(side))
    chosen = [*of_class(domain, REAL, "train"), *enrolled_fakes(domain, fakes)]
    for record, noise in noises(chosen, side, known, left, f"{domain.name}: reading the noise of"):
        means[record.label].add(noise)
    for label, mean in enumerate(means):
        if mean.count < FEWEST:
            raise _too_few(f"{CLASSES[label]} images to estimate a fingerprint from", FEWEST, mean.count, left)
    fingerprint = GeneratorFingerprint(means[FAKE].mean - means[REAL].mean)
    held: tuple[list[HeldOut], list[HeldOut]] = ([], [])
    others = [*of_class(domain, REAL, "validation"), *of_class(domain, FAKE, "validation")]
    for record, noise in noises(others, side, known, left, f"{domain.name}: asking images held out"):
        held[record.label].append(HeldOut(strength=fingerprint.strength(noise), group=record.group))
    fewest = fewest_reals(FALSE_ALARMS)
    if len(held[REAL]) < fewest:
        what = f"reals held out, for a rate of false alarms of {FALSE_ALARMS:g}"
        raise _too_few(what, fewest, len(held[REAL]), left)
    least = threshold([one.strength for one in held[REAL]], FALSE_ALARMS)
    borne = [one.strength > least for one in held[FAKE]]
    info = GeneratorInfo(
        name=name or file.stem,
        height=side,
        width=side,
        created=now(),
        version=__version__,
        fakes=means[FAKE].count,
        reals=means[REAL].count,
        held_out_fakes=tuple(held[FAKE]),
        held_out_reals=tuple(held[REAL]),
        files=tuple(known),
        recognised=share(borne, [one.group for one in held[FAKE]]),
        skipped=tuple(left),
    )
    write_generator(file, Generator(info, fingerprint))
    if info.fakes < ENOUGH:
        _log.warning("%s: %d fakes: some %d make a sure fingerprint", info.name, info.fakes, ENOUGH)
    return info


def loose_domain(
    fakes: Sequence[str | Path], reals: Sequence[str | Path], rule: str, skipped: list[SkippedImage]
) -> Domain:
    """Make a domain of images at any place; groups are divided by their hash, 70 % to estimate from, 30 % held out.

    fakes, reals: images and folders. rule: what belongs together, on the path. What is no image is added to `skipped`.
    Raises UserError where there is none, or a folder holds both classes.
    """
    for folder in map(Path, (*fakes, *reals)):
        if folder.is_dir() and {CLASS_FOLDERS.get(one.name.lower()) for one in entries_of(folder)} >= {REAL, FAKE}:
            raise UserError(
                f"{folder}: holds fakes and reals; give it alone, or its folder of fakes and, by --real, that of reals",
                code=ErrorCode.ARGUMENTS_CONFLICT,
            )
    found = [(REAL, image) for image in images_of(reals, skipped)]
    found += [(FAKE, image) for image in images_of(fakes, skipped)]
    if not found:
        raise nothing_read(skipped)
    names = [Path(image.name).as_posix() for _, image in found]
    groups, _ = groups_of(names, rule, "generator enroll")
    records = tuple(
        Record(name, label, group, split_of(group, _SHARES), image.source)
        for (label, image), name, group in zip(found, names, groups, strict=True)
    )
    return Domain("the images", "", records)


def check_side(side: int) -> None:
    """Raise UserError for a side that no tile can have."""
    if side % 8 or not 32 <= side <= 1024:
        raise UserError(
            f"--side: expected a multiple of 8 between 32 and 1024, got {side}", code=ErrorCode.COMMAND_LINE
        )


def of_class(domain: Domain, label: int, split: str) -> list[Record]:
    """List the images of one class in one split."""
    return [record for record in domain.split(split) if record.label == label]


def enrolled_fakes(domain: Domain, count: int | None, seed: int = 0) -> list[Record]:
    """Choose fakes of the train split to estimate a fingerprint from, one of each group before a second one of any.

    Fewer are the beginning of more. count: None for all. Raises UserError for more than there are.
    """
    fakes = of_class(domain, FAKE, "train")
    chosen = [fakes[index] for index in shuffled(fakes, list(range(len(fakes))), f"{seed}/generator")]
    if count is not None and len(chosen) < count:
        raise UserError(
            f"{domain.name}: has {len(chosen)} fakes in its train split, {count} were asked for",
            code=ErrorCode.TOO_FEW_IMAGES,
        )
    if count is not None and count < FEWEST:
        raise UserError(f"--fakes: expected at least {FEWEST}, got {count}", code=ErrorCode.COMMAND_LINE)
    return chosen[:count]


def noises(
    records: Sequence[Record],
    side: int,
    known: dict[str, str],
    skipped: list[SkippedImage],
    doing: str,
) -> Iterator[tuple[Record, np.ndarray]]:
    """Yield the images with their noise, float32 (side, side).

    known: names of the files that were seen before, by SHA-256: a copy is skipped, whatever its name and class, so that
    nothing is asked about what it was estimated from. What has no noise is skipped, too.
    """
    for record in ProgressBar(records, desc=doing, unit="image"):
        image = ImageFile.of_record(record)
        try:
            if image.sha256 in known:
                reason = f"the same file as {known[image.sha256]}"
            else:
                noise = folded_noise(image.pixels, side)
                if noise is not None:
                    known[image.sha256] = record.name
                    yield record, noise
                    continue
                reason = no_noise(image, side)
            skipped.append(SkippedImage(name=record.name, reason=reason, code=ErrorCode.PHOTOGRAPH_UNSUITABLE))
        except ImageError as error:
            skipped.append(skipped_image(record.name, error))


def no_noise(image: ImageFile, side: int) -> str:
    """Say why an image has no noise that could be compared."""
    height, width = image.size
    if min(height, width) < side:
        return f"{width} x {height} pixels, smaller than the fingerprint, {side} x {side}"
    return "flat: it has no noise"


def _too_few(what: str, expected: int, found: int, skipped: Sequence[SkippedImage]) -> UserError:
    why = "; ".join(f"{one.name}: {one.reason}" for one in skipped[:3])
    return UserError(
        f"generator enroll: expected at least {expected} {what}, found {found}" + (f" ({why})" if why else ""),
        code=ErrorCode.TOO_FEW_IMAGES,
    )
