"""Cameras that are numbers: mosaic, noise, demosaicing, sharpness, tone and JPEG drawn for each, on wheels' scenes."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from forensictransfer.datasets.forged_photos.photographs import PHOTOGRAPHS
from forensictransfer.datasets.forged_photos.regions import to_bytes
from PIL import ExifTags, Image
from scipy import ndimage

from benchmarks.mosaics import DEMOSAICS
from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.signals.cfa.interpolation import mosaic

QUALITIES = (72, 97)  # of a camera's JPEG
_LEAST, _MOST = 0.45, 0.8  # what scenes are shrunk by, so that no trace of what took them is left


@dataclass(frozen=True)
class SimulatedCamera:
    """What all photographs of one camera go through.

    demosaic, first_red: how colours are filled up, and where the mosaic begins. gain, floor: noise of v grey levels has
    the variance gain v + floor. smoothing: deviation of the Gaussian that takes noise off. sharpening: share of what
    that of `radius` takes off that is added again. tone: exponent of the curve. quality, colours: of the JPEG.
    """

    name: str
    demosaic: str
    first_red: tuple[int, int]
    gain: float
    floor: float
    smoothing: float
    radius: float
    sharpening: float
    tone: float
    quality: int
    colours: str

    @classmethod
    def draw(cls, name: str, rng: np.random.Generator) -> SimulatedCamera:
        """Draw a camera."""
        row, column = (int(side) for side in rng.integers(0, 2, size=2))
        return cls(
            name,
            str(rng.choice(list(DEMOSAICS))),
            (row, column),
            float(rng.uniform(0.005, 0.05)),
            float(rng.uniform(0.2, 2.0)),
            float(rng.uniform(0.0, 0.6)),
            float(rng.uniform(0.5, 1.5)),
            float(rng.uniform(0.0, 1.0)),
            float(rng.uniform(0.8, 1.25)),
            int(rng.integers(QUALITIES[0], QUALITIES[1] + 1)),
            str(rng.choice(["4:2:0", "4:2:2", "4:4:4"])),
        )

    def develop(self, scene: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Take a photograph of a scene, uint8 (h, w, 3), before it is compressed."""
        kept = mosaic(scene, self.first_red).astype(np.float64)
        kept += rng.normal(size=kept.shape) * np.sqrt(self.gain * kept + self.floor)
        shown = DEMOSAICS[self.demosaic](np.clip(kept, 0, 255), self.first_red).astype(np.float64)
        shown = ndimage.gaussian_filter(shown, (self.smoothing, self.smoothing, 0))
        shown += self.sharpening * (shown - ndimage.gaussian_filter(shown, (self.radius, self.radius, 0)))
        return to_bytes(255 * (np.clip(shown, 0, 255) / 255) ** self.tone)

    def entries(self) -> Image.Exif:
        """Write the camera's name as EXIF entries."""
        exif = Image.Exif()
        exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Simulated", self.name
        return exif

    def encode(self, pixels: np.ndarray, exif: Image.Exif | None = None) -> bytes:
        """Save as the camera does: a JPEG with EXIF entries (default: the camera's name)."""
        image, stream = Image.fromarray(pixels), io.BytesIO()
        exif = self.entries() if exif is None else exif
        image.save(stream, "JPEG", quality=self.quality, subsampling=self.colours, exif=exif)
        return stream.getvalue()

    def take(self, scene: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Take a photograph of a scene as it is read from its file, uint8 (h, w, 3)."""
        with Image.open(io.BytesIO(self.encode(self.develop(scene, rng)))) as image:
            return np.asarray(image.convert("RGB"))


def cameras(count: int, seed: int) -> list[SimulatedCamera]:
    """Draw cameras; another seed has none of the same."""
    return [SimulatedCamera.draw(f"{seed}-{i}", np.random.default_rng([seed, i])) for i in range(count)]


def scenes(*, held_out: bool) -> list[np.ndarray]:
    """Load the photographs that scenes are cut out of, uint8 (h, w, 3): those of the test split, or all others."""
    found = []
    for one in PHOTOGRAPHS:
        package, _, folder = one.package.partition("/")
        spec = importlib.util.find_spec(package)
        if (one.split == "test") == held_out and spec is not None and spec.origin is not None:
            found.append(ImageFile(Path(spec.origin).parent / folder / one.file).pixels)
    return found


def window(whole: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
    """Cut a window of side x side pixels at a random place, mirrored by chance, out of a photograph that is shrunk."""
    image = Image.fromarray(whole)
    times = max(rng.uniform(_LEAST, _MOST), (side + 1) / min(image.size))
    image = image.resize([round(one * times) for one in image.size], Image.Resampling.LANCZOS)
    left, top = (int(rng.integers(0, one - side + 1)) for one in image.size)
    cut = np.asarray(image.crop((left, top, left + side, top + side)))
    return np.ascontiguousarray(cut[:, ::-1] if rng.integers(2) else cut)


def write_photographs(
    folder: Path,
    count: int,
    photographs: int,
    side: int,
    seed: int,
    *,
    held_out: bool = False,
    entries: Callable[[SimulatedCamera], Image.Exif] = SimulatedCamera.entries,
) -> None:
    """Write photographs of `count` cameras, a sub-folder for each, on the scenes to learn from or on others.

    entries: the EXIF entries of a camera.
    """
    whole = scenes(held_out=held_out)
    for number, camera in enumerate(cameras(count, seed)):
        place = folder / f"camera{number:03d}"
        place.mkdir(parents=True)
        rng = np.random.default_rng([seed, 1, number])
        for one in range(photographs):
            scene = window(whole[int(rng.integers(len(whole)))], side, rng)
            (place / f"{one:03d}.jpg").write_bytes(camera.encode(camera.develop(scene, rng), entries(camera)))
