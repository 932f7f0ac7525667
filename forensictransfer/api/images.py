"""Ask of single images what was done to them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forensictransfer.results.formats.inspection import Inspection
    from forensictransfer.results.formats.light import LightFound


def inspect(
    images: str | Path | Sequence[str | Path],
    *,
    detectors: Sequence[str] | None = None,
    out: str | Path | None = None,
    trust: str | Path | None = None,
    ghost_shifts: bool = False,
    runs: str | Path | Sequence[str | Path] = (),
) -> Inspection:
    """Look at images with every detector that needs no training, and at what their metadata say of their origin.

    Args:
        images: an image file, a folder that is searched at any depth, or several of them.
        detectors: names of those to use (default: all that learn nothing).
        out: a new or empty folder for the maps as PNG, one sheet of them, and inspection.json.
        trust: a PEM file of certificates; signers of C2PA manifests whose own leads to one are trusted.
        ghost_shifts: whether `jpeg_ghosts` searches all 64 grids for regions of an earlier quality, and not the image's
            own alone; a minute or so for 12 megapixels.
        runs: a run of `train(photos=...)`, which knows no forgery, or several: what their detectors find, too.
    Returns: what each detector and the metadata say of each image, and which files were skipped.
    Raises: UserError for any mistake in the input, and where no image can be read.
    """
    from forensictransfer.inference.inspection import inspect_images

    paths = [images] if isinstance(images, (str, Path)) else images
    chosen = [runs] if isinstance(runs, (str, Path)) else runs
    return inspect_images(paths, detectors, out, trust, ghost_shifts=ghost_shifts, runs=chosen)


def light(image: str | Path, masks: str | Path | Sequence[str | Path], *, out: str | Path | None = None) -> LightFound:
    """Ask from where the light falls on objects of an image, and whether two objects differ.

    Args:
        image: an image file.
        masks: an image of the same size for each object, white where it is, red where its outline is not to be used.
        out: a new or empty folder for a picture of outlines and arrows, light.png, and light.json.
    Returns: the direction on each object with its error bar, or why there is none; the p value of each pair.
    Raises: UserError for any mistake in the input.
    """
    from forensictransfer.inference.light import find_light

    return find_light(image, [masks] if isinstance(masks, (str, Path)) else masks, out)
