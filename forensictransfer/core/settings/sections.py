"""The settings, typed and frozen, a class for each section: the defaults stand here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.fields import FieldInfo

Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Quality = Annotated[int, Field(ge=1, le=100)]
Width = Annotated[float, Field(ge=0, le=32)]


class Section(BaseModel):
    """A frozen group of settings that refuses names it does not know and values of another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class AugmentSettings(Section):
    """Changes made to training crops; both classes get the same."""

    flip: bool = Field(True, description="mirror half of the training crops left to right")
    jpeg_probability: Fraction = Field(0.0, description="share of the training crops that are compressed once more")
    jpeg_quality: tuple[Quality, Quality] = Field(
        (60, 95), description="lowest and highest JPEG quality of that compression"
    )
    blur_probability: Fraction = Field(0.0, description="share of the training crops that are blurred")
    blur_sigma: tuple[Width, Width] = Field(
        (0.0, 2.0), description="least and greatest standard deviation of the Gaussian kernel, pixels"
    )
    noise_probability: Fraction = Field(0.0, description="share of the training crops that get Gaussian noise")
    noise_sigma: tuple[Width, Width] = Field(
        (0.0, 5.0), description="least and greatest standard deviation of the noise, grey levels of 255"
    )
    spatial_mixup: Fraction = Field(
        0.0, description="share of the training crops whose right half is that of another one of their class"
    )

    @field_validator("jpeg_quality", "blur_sigma", "noise_sigma")
    @classmethod
    def _ordered(cls, value: tuple[float, float]) -> tuple[float, float]:
        if value[0] > value[1]:
            raise ValueError(f"expected the lower of two numbers first, got {list(value)}")
        return value


class DataSettings(Section):
    """How images are grouped, split, read and cut."""

    crop: Annotated[int, Field(ge=32, multiple_of=8)] = Field(128, description="side of the square crops, pixels")
    split: tuple[Fraction, Fraction, Fraction] = Field(
        (0.7, 0.15, 0.15), description="shares of train, validation and test; a group is in one of them"
    )
    recompress: Quality | None = Field(
        None,
        description="JPEG quality (4:2:0) at which every image, real or fake, is compressed once more",
    )
    masks: bool = Field(True, description="training crops of a fake with a mask hold pixels that were changed")
    max_megapixels: Positive = Field(100.0, description="larger images are refused before they are decoded")
    memory_mb: Annotated[int, Field(ge=0)] = Field(4096, description="decoded images kept in memory, MiB")
    workers: Count = Field(2, description="threads that decode images")
    data_dir: str | None = Field(None, description="where built-in data sets are kept (default: the user's cache)")
    augment: AugmentSettings = AugmentSettings()

    @field_validator("split")
    @classmethod
    def _whole(cls, value: tuple[float, float, float]) -> tuple[float, float, float]:
        if abs(sum(value) - 1) > 1e-6:
            raise ValueError(f"expected three shares that sum to 1, got {list(value)}, which sum to {sum(value):g}")
        return value


class TrainSettings(Section):
    """Fitting a detector on the source domain."""

    epochs: Annotated[int, Field(ge=0)] = Field(
        60, description="passes over the source's train split at most; 0 leaves the given weights as they are"
    )
    minutes: Positive | None = Field(
        None, description="processor minutes after which no further epoch begins (default: no limit)"
    )
    weights: str | None = Field(
        None, description="file of weights to begin with, or folder of a preset (default: random ones)"
    )
    layers: Annotated[int, Field(ge=3)] | None = Field(
        None, description="layers of the network, where they can be chosen (default: its paper's) (noiseprint)"
    )
    filters: Count | None = Field(
        None, description="filters of a layer, where they can be chosen (default: its paper's) (noiseprint)"
    )
    batch: Annotated[int, Field(ge=2, multiple_of=2)] = Field(64, description="crops in a batch")
    learning_rate: Positive = Field(1e-3, description="step size of the optimiser")
    patience: Count = Field(30, description="epochs without gain on the source's validation split before it stops")
    balance: bool = Field(True, description="as many real as fake crops in every batch")
    monitor: str = Field("val_loss", description="what early stopping and the best weights go by")
    statistics_batches: Count = Field(12, description="batches that the batch-norm statistics are estimated on")
    trials: Annotated[int, Field(ge=0)] = Field(
        0, description="settings of the training tried first, on the validation split; 0: those given are used"
    )
    threshold: str = Field("balanced", description="rule that picks the threshold on the validation split")
    pooling: str = Field(
        "auto",
        description="how the scores of an image's tiles become one: their mean, or also their spread "
        "(auto: chosen for detectors that are fitted at once)",
    )


class AdaptSettings(Section):
    """Adapting a run to a target domain with a few shots."""

    strategy: str = Field("finetune", description="how the run is adapted")
    shots: Count = Field(10, description="labelled images per class of the target")
    draws: Count = Field(5, description="repetitions with different shots")
    steps: Count = Field(60, description="gradient steps at most (finetune)")
    batch: Annotated[int, Field(ge=2, multiple_of=2)] = Field(32, description="crops in a batch (finetune)")
    learning_rate: Positive = Field(2e-3, description="Adam's step size (finetune)")
    frozen: Annotated[int, Field(ge=0)] = Field(
        0, description="leading stages of the detector that keep the source's weights (finetune)"
    )
    reconstruction: Annotated[float, Field(ge=0)] = Field(
        0.1, description="weight of the reconstruction's loss, if the detector has one; 0 saves the time (finetune)"
    )
    pairs: bool = Field(
        False,
        description="shots are photographs, each with a forgery of its own group: a protocol with rows of its own",
    )
    background: tuple[str, ...] = Field(
        (),
        description="folders of photographs, or domains, whose features show how content varies "
        "(default: what the run keeps of its source) (head, prototype, fused)",
    )
    background_shots: Annotated[int, Field(ge=0)] = Field(
        20, description="shots per class whose covariance counts as much as the background's; 0: theirs alone (head)"
    )
    trials: Count = Field(20, description="settings tried for each draw among its own shots (tuned)")
    stop: str = Field("steps", description="rule that ends fine-tuning early; steps: never (finetune)")
    threshold: str = Field("midpoint", description="rule that picks the threshold on the shots")
    pooling: str = Field(
        "auto",
        description="how an image's tiles become one score: their mean, or also their spread (head, fused of one run)",
    )
    held_out: bool = Field(
        True,
        description="the rule sees what fits without a shot's group say of it, not the fit to all (head, fused)",
    )
    shots_only: bool = Field(
        True, description="also measure what a simple classifier reaches by the same shots and nothing else"
    )


class EvaluateSettings(Section):
    """Scoring whole images and reporting numbers."""

    stride: Annotated[int, Field(ge=8, multiple_of=8)] = Field(64, description="distance of neighbouring tiles, pixels")
    max_tiles: Count = Field(64, description="tiles of one image at most, evenly spaced over it")
    batch: Count = Field(64, description="tiles scored at once")
    resamples: Count = Field(1000, description="bootstrap resamples behind a 95 % interval")


class DomainSettings(Section):
    """A domain file: where the images are and what belongs together."""

    path: str = Field(description="folder (relative to the file) or built-in name")
    name: str | None = Field(None, description="name in tables (default: the folder's name)")
    group: str = Field(
        "stem", description="stem, folder, path, a regular expression on the path, or a CSV file (path,group)"
    )


class Settings(Section):
    """Everything that decides a run's result."""

    detector: str = Field("ft-res", description="registered name of the detector")
    seed: Annotated[int, Field(ge=0)] = Field(0, description="seed of weights, order of the images and draws of shots")
    data: DataSettings = DataSettings()
    train: TrainSettings = TrainSettings()
    adapt: AdaptSettings = AdaptSettings()
    evaluate: EvaluateSettings = EvaluateSettings()


def leaves(model: type[Section] = Settings, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield every single setting as its dotted name and pydantic's description of it, sections in order."""
    for name, info in model.model_fields.items():
        kind = info.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from leaves(kind, f"{prefix}{name}.")
        else:
            yield prefix + name, info
