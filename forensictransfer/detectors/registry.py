"""The table of detectors: name, class, one line on each. Read without TensorFlow: settings and `--help` look here.

A detector from outside the package is added by `register_detector`, or for all commands by an entry point of the group
`forensictransfer.detectors` in its own package, whose name is the detector's and whose value is `module:Class`.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Literal

from forensictransfer.core.errors import ErrorCode, UserError

if TYPE_CHECKING:
    from forensictransfer.core.settings import TrainSettings

Trains = Literal["gradient", "fit", "photographs", "none"]

GROUP = "forensictransfer.detectors"
_PACKAGE = "forensictransfer.detectors.networks"
_SIGNALS = "forensictransfer.detectors.signals"


@dataclass(frozen=True)
class Entry:
    """A row of the table.

    target: `module:Class`, loaded when it is asked for. about: what it looks at, authors and year, one line.
    declared: how it learns, as the class has it (`Detector.trains`); None where only the class tells.
    preset: whether it is built from a preset's folder (`Detector.needs_preset`), where `declared` is given.
    """

    target: str
    about: str
    declared: Trains | None = "gradient"
    preset: bool = False

    @property
    def trains(self) -> Trains:
        """How it learns: by `gradient` steps, by one `fit`, from `photographs` alone, or `none`.

        Asks the class where the table does not tell.
        """
        return self.declared or load_target(self.target).trains

    @property
    def needs_preset(self) -> bool:
        """Whether it is built from a preset's folder. Asks the class where the table does not tell."""
        return self.preset if self.declared else bool(load_target(self.target).needs_preset)

    @property
    def gradient(self) -> bool:
        """Whether it is trained by gradient steps."""
        return self.trains == "gradient"


_BUILT_IN: dict[str, Entry] = {
    "ft-res": Entry(
        f"{_PACKAGE}.forensic_transfer:ForensicTransferResidual",
        "ForensicTransfer on third-order residuals (Cozzolino and others, 2018)",
    ),
    "ft": Entry(
        f"{_PACKAGE}.forensic_transfer:ForensicTransferRGB",
        "ForensicTransfer on RGB pixels (Cozzolino and others, 2018)",
    ),
    "ft-statistics": Entry(
        f"{_PACKAGE}.forensic_statistics:ForensicTransferStatistics",
        "ForensicTransfer on colour residuals, second-order features (after Cozzolino and others, 2018)",
    ),
    "cooccurrence": Entry(
        f"{_PACKAGE}.cooccurrence:Cooccurrence",
        "co-occurrences of residuals, shrinkage classifier (Cozzolino and others, 2014)",
        declared="fit",
    ),
    "rich_model": Entry(
        f"{_PACKAGE}.rich_model:RichModel",
        "statistics of residuals, DCT blocks and spectra in colour, shrinkage classifier (Fridrich and others, 2012)",
        declared="fit",
    ),
    "residual_cnn": Entry(
        f"{_PACKAGE}.residual_cnn:ResidualCNN",
        "such co-occurrences recast as a network (Cozzolino and others, 2017)",
    ),
    "constrained_conv": Entry(
        f"{_PACKAGE}.constrained_conv:ConstrainedConv",
        "a first layer that predicts pixels from their neighbours (Bayar, Stamm, 2016)",
    ),
    "meso4": Entry(f"{_PACKAGE}.meso:Meso4", "four small convolutions for faces in videos (Afchar and others, 2018)"),
    "mesoinception4": Entry(
        f"{_PACKAGE}.meso:MesoInception4", "the same with branches of several widths (Afchar and others, 2018)"
    ),
    "xception": Entry(
        f"{_PACKAGE}.xception:Xception", "separable convolutions on colours (Chollet, 2017; Roessler and others, 2019)"
    ),
    "mobilenet": Entry(
        f"{_PACKAGE}.mobilenet:MobileNet", "MobileNetV3-Small on high-pass colours (Howard and others, 2019)"
    ),
    "pairwise": Entry(
        f"{_PACKAGE}.pairwise:Pairwise",
        "a Siamese network, then a classifier (Hsu and others, 2018)",
    ),
    "ddt": Entry(
        f"{_PACKAGE}.ddt:DeepDistributionTransfer",
        "each class pulled to its own normal distribution (Aneja, Niessner, 2020)",
    ),
    "prototypes": Entry(
        f"{_PACKAGE}.prototypes:Prototypes",
        "nearest class mean of an embedding trained in episodes (Snell and others, 2017)",
    ),
    "backbone": Entry(
        f"{_PACKAGE}.preset_backbone:PresetBackbone",
        "frozen backbone of your own (Keras Hub), needs a preset folder (Ojha and others, 2023)",
        declared="fit",
        preset=True,
    ),
    "gan_fingerprint": Entry(
        f"{_PACKAGE}.gan_fingerprint:GanFingerprint",
        "mean noise of each class, the fingerprint of its generator (Marra and others, 2018)",
        declared="fit",
    ),
    "cfa": Entry(
        f"{_SIGNALS}.cfa.detector:Cfa",
        "regions without the camera's mosaic, or with another one (Popescu, Farid, 2005; Ferrara and others, 2012)",
        declared="none",
    ),
    "chromatic_aberration": Entry(
        f"{_SIGNALS}.chromatic_aberration.detector:ChromaticAberration",
        "regions whose red and blue the lens of the rest did not pull apart (Johnson, Farid, 2006)",
        declared="none",
    ),
    "copy_move": Entry(
        f"{_SIGNALS}.copy_move.detector:CopyMove",
        "regions that occur twice, exactly or turned and resized (Fridrich and others, 2003; Amerini and others, 2011)",
        declared="none",
    ),
    "jpeg_double": Entry(
        f"{_SIGNALS}.jpeg_double.detector:JpegDouble",
        "blocks without the first of two aligned JPEG compressions (Bianchi, Piva, 2012)",
        declared="none",
    ),
    "jpeg_ghosts": Entry(
        f"{_SIGNALS}.jpeg_ghosts.detector:JpegGhosts",
        "regions once saved at a lower JPEG quality than the rest (Farid, 2009)",
        declared="none",
    ),
    "jpeg_grid": Entry(
        f"{_SIGNALS}.jpeg_grid.detector:JpegGrid",
        "foreign and missing grids of JPEG by votes of pixels (Nikoukhah and others, 2019)",
        declared="none",
    ),
    "jpeg_nonaligned": Entry(
        f"{_SIGNALS}.jpeg_nonaligned.detector:JpegNonaligned",
        "blocks with an earlier JPEG compression on another grid, or without it (Bianchi, Piva, 2012)",
        declared="none",
    ),
    "noise_level": Entry(
        f"{_SIGNALS}.noise_level.detector:NoiseLevel",
        "regions whose noise is not the image's own at their brightness (after Mahdian, Saic, 2009)",
        declared="none",
    ),
    "splicebuster": Entry(
        f"{_SIGNALS}.splicebuster.detector:Splicebuster",
        "blocks whose residual statistics differ from the rest of the image (Cozzolino and others, 2015)",
        declared="none",
    ),
    "noiseprint": Entry(
        f"{_PACKAGE}.noiseprint.detector:Noiseprint",
        "the same of a residual learned from photographs by camera, --photos (Cozzolino, Verdoliva, 2018)",
        declared="photographs",
    ),
    "visual_artifacts": Entry(
        f"{_SIGNALS}.visual_artifacts.detector:VisualArtifacts",
        "colours and reflections of the irises, texture of eyes, mouth and nose (Matern and others, 2019)",
        declared="none",
    ),
    "exif_consistency": Entry(
        f"{_PACKAGE}.exif_consistency.detector:ExifConsistency",
        "patches that disagree in what EXIF entries would say, --photos (Huh, Liu, Owens, Efros, 2018)",
        declared="photographs",
    ),
}
_ADDED: dict[str, Entry] = {}


class Detectors(Mapping[str, Entry]):
    """All detectors by name: those of the package, then those of other packages, then those registered by a call.

    What is installed is looked up once by each object, some milliseconds, and not at all for a detector of the package
    or a registered one. Raises UserError where an installed package takes a name that is taken.
    """

    def __getitem__(self, name: str) -> Entry:
        for known in (_BUILT_IN, _ADDED):
            if name in known:
                return known[name]
        return self._installed[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**_BUILT_IN, **self._installed, **_ADDED})

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @cached_property
    def _installed(self) -> dict[str, Entry]:
        return _installed()


def detectors() -> Detectors:
    """List all detectors by name. Whoever asks for many holds the object."""
    return Detectors()


def descriptions() -> dict[str, str]:
    """Describe each detector in one line, by name."""
    return {name: entry.about for name, entry in detectors().items()}


def check_training(name: str, options: TrainSettings, *, photographs: bool = False) -> None:
    """Raise UserError for settings of a training that the detector called `name` cannot be trained by.

    photographs: whether it is to learn from photographs by camera, not from a domain.
    """
    entry = detectors()[name]
    trains = entry.trains
    if photographs != (trains == "photographs"):
        raise UserError(
            f"'{name}' learns from a domain of reals and fakes; name it, --source DOMAIN, in place of --photos"
            if photographs
            else f"'{name}' learns from photographs by camera; name their folders, --photos DIR, in place of a source",
            code=ErrorCode.DETECTOR_UNSUITABLE,
        )
    if photographs and options.trials:
        raise UserError(
            f"train.trials: '{name}' learns from photographs alone, there is nothing to search by",
            code=ErrorCode.DETECTOR_UNSUITABLE,
        )
    if entry.needs_preset and options.weights is None:
        raise UserError(
            f"train.weights: '{name}' is built from a preset; give its folder, --weights FOLDER",
            code=ErrorCode.DETECTOR_UNSUITABLE,
        )
    if trains in ("gradient", "photographs"):
        if not options.epochs and options.weights is None:
            raise UserError(
                "train.epochs: 0 leaves random weights as they are; give --weights FILE, or epochs",
                code=ErrorCode.SETTING_INVALID,
            )
        return
    how = "is fitted to the source at once" if trains == "fit" else "learns nothing"
    if options.weights is not None and not entry.needs_preset:
        raise UserError(f"train.weights: '{name}' {how} and begins with no weights", code=ErrorCode.DETECTOR_UNSUITABLE)
    if options.trials:
        raise UserError(
            f"train.trials: '{name}' {how}, there is nothing to search for", code=ErrorCode.DETECTOR_UNSUITABLE
        )


def register_detector(
    name: str, target: str, about: str = "", *, gradient: bool | None = None, trains: Trains | None = None
) -> None:
    """Add a detector to the table, for this process.

    Args:
        name: what `--detector` and `detector:` call it: letters, digits, `-`, `_`.
        target: `module:Class`, a class derived from `forensictransfer.detectors.base.Detector`.
        about: what it looks at, one line.
        trains: how it learns, as its class has it: `gradient`, `fit` or `none` (default: the class is asked when
            that matters, which loads it). gradient: the same as version 0.1 had it, False for `fit`.
    Raises:
        UserError: a name that cannot be one or is taken, or a target of another form.
    """
    _check(name, target, taken={**_BUILT_IN, **_ADDED})
    if trains is None and gradient is not None:
        trains = "gradient" if gradient else "fit"
    _ADDED[name] = Entry(target, about or target, trains)


def load_target(target: str) -> Any:
    """Load what stands at `module:Class`. Raises UserError if it cannot be loaded."""
    module, attribute = target.split(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UserError(f"{target} cannot be loaded: {error}", code=ErrorCode.DETECTOR_INVALID) from error


def _installed() -> dict[str, Entry]:
    """Find what other packages offer by entry points. Raises UserError for a name that is taken."""
    found: dict[str, Entry] = {}
    for point in entry_points(group=GROUP):
        _check(point.name, point.value, taken={**_BUILT_IN, **found})
        package = f" ({point.dist.name} {point.dist.version})" if point.dist else ""
        found[point.name] = Entry(point.value, f"{point.value}{package}", None)
    return found


def _check(name: str, target: str, taken: Mapping[str, Entry]) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][\w-]*", name):
        raise UserError(
            f"detector '{name}': expected a name of letters, digits, - and _", code=ErrorCode.DETECTOR_INVALID
        )
    if name in taken:
        raise UserError(
            f"detector '{name}': is registered already, as {taken[name].target}; choose another name",
            code=ErrorCode.DETECTOR_INVALID,
        )
    if not re.fullmatch(r"[\w.]+:\w+", target):
        raise UserError(f"detector '{name}': expected module:Class, got '{target}'", code=ErrorCode.DETECTOR_INVALID)
