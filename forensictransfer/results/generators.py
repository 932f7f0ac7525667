"""Read and write the fingerprint of a generator: an NPZ of the pattern and what is known of the generator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from forensictransfer.detectors.signals.generator.fingerprint import GeneratorFingerprint
from forensictransfer.results.formats.generator import GeneratorInfo
from forensictransfer.results.patterns import PatternFile

_FILE = PatternFile(GeneratorInfo, "generator", "generator enroll", "its images")


@dataclass(frozen=True, eq=False)
class Generator:
    """A generator: what is known of it, and its fingerprint."""

    info: GeneratorInfo
    fingerprint: GeneratorFingerprint


def check_generator_file(path: Path, *, overwrite: bool = False) -> None:
    """Raise UserError unless a generator may be written to `path`: an .npz, in a folder, that is new or a generator."""
    _FILE.check(path, overwrite=overwrite)


def write_generator(path: Path, generator: Generator) -> None:
    """Write a generator, whole or not at all."""
    _FILE.write(path, generator.info, generator.fingerprint.pattern)


def read_generator(path: Path) -> Generator:
    """Read a generator. Raises UserError for a file that is missing, no generator, of another format, or damaged."""
    info, pattern = _FILE.read(path)
    if info.height != info.width:
        raise _FILE.invalid(path)
    return Generator(info, GeneratorFingerprint(pattern))
