"""Ask of single images whether they are real, and what was done to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from forensictransfer.core.backend import import_tensorflow
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.data.image_file import ImageFile
from forensictransfer.evaluation.abstention import ERROR
from forensictransfer.experiments.requests import SettingsLike, settings_of_run
from forensictransfer.results.runs import RunFolder

if TYPE_CHECKING:
    from forensictransfer.inference.judge import Judge
    from forensictransfer.results.formats.inspection import Inspection
    from forensictransfer.results.formats.light import LightFound
    from forensictransfer.results.formats.verdicts import Verdicts


def predict(
    run: str | Path,
    images: str | Path | bytes | ImageFile | Iterable[str | Path | bytes | ImageFile],
    *,
    error: float | None = ERROR,
    draw: int = 0,
    stable: bool = False,
    csv: str | Path | None = None,
    json: str | Path | None = None,
    parquet: str | Path | None = None,
    config: str | Path | None = None,
    settings: SettingsLike | None = None,
    overwrite: bool = False,
) -> Verdicts:
    """Say of images whether they are real or fake, or that a run cannot tell, and why.

    The scores are those of `evaluate`. What a run calls real or fake it may get wrong at most in a share `error` of the
    images of either class, if they are like those that it was calibrated on: the validation split, or the shots.

    Args:
        run: the folder of a finished run.
        images: files, folders that are searched at any depth, patterns (`photos/**/*.jpg`), or encoded bytes.
        error: the share of errors allowed, in (0, 1); None: the run's threshold decides, nothing is left open.
        draw: of an adapted run, which draw of shots judges.
        stable: leave open what would be called the other after a JPEG 70 or at half the size.
        csv, json, parquet: files to write the verdicts to as they come. A broken call goes on when it is made again.
        config, settings: as for `evaluate`, laid over the run's own. overwrite: replace those files.
    Returns: the verdicts in the order of the images, and the files that could not be read.
    Raises: UserError for any mistake in the input.
    """
    from forensictransfer.inference.batch import Outputs, judge_files
    from forensictransfer.results.formats.skipped import SkippedImage
    from forensictransfer.results.formats.verdicts import Verdict, Verdicts

    sources = [images] if isinstance(images, (str, Path, bytes, ImageFile)) else images
    files = (None if one is None else Path(one).expanduser() for one in (csv, json, parquet))
    judge, outputs = predict_request(run, error, draw, stable, config, settings), Outputs(*files)
    outcomes = list(judge_files(judge, sources, outputs, overwrite=overwrite))
    return Verdicts(
        by=judge.by,
        images=tuple(one for one in outcomes if isinstance(one, Verdict)),
        skipped=tuple(one for one in outcomes if isinstance(one, SkippedImage)),
    )


def predict_request(
    run: str | Path,
    error: float | None,
    draw: int,
    stable: bool,
    config: str | Path | None,
    settings: SettingsLike | None,
) -> Judge:
    """Check what `predict` was asked for and load the run. Raises UserError."""
    if error is not None and not 0 < error < 1:
        raise UserError(
            f"error: expected a share of errors above 0 and below 1, such as 0.05, got {error}",
            code=ErrorCode.COMMAND_LINE,
        )
    opened = RunFolder.open(run)
    chosen = settings_of_run(opened, config, settings)
    import_tensorflow()
    from forensictransfer.inference.judge import Judge

    return Judge(opened, error=error, draw=draw, stable=stable, settings=chosen)


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
