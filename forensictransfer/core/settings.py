"""All settings, typed and frozen: the defaults stand here and nowhere else. No TensorFlow is imported.

`load_settings` lays a YAML file and single values (`train.epochs`) over them and names every mistake at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.fields import FieldInfo

from forensictransfer.core.errors import ErrorCode, nearest, some
from forensictransfer.core.presets import find_config
from forensictransfer.core.problems import Problem, refuse
from forensictransfer.core.yaml_text import flat, merged, nested, read_yaml, shown, tuples, write_yaml

Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Quality = Annotated[int, Field(ge=1, le=100)]
Width = Annotated[float, Field(ge=0, le=32)]


@dataclass(frozen=True)
class Choice:
    """The values that a setting may have. what: what they are, one word or two; names: them, asked for when needed."""

    what: str
    names: Callable[[], Iterable[str]]


# By dotted name of the setting. Settings know no detectors, strategies or rules: whoever does hands them in.
Choices = Mapping[str, Choice]


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
    weights: str | None = Field(None, description="file of weights to begin with (default: random ones)")
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
    trials: Count = Field(20, description="settings tried for each draw among its own shots (tuned)")
    stop: str = Field("steps", description="rule that ends fine-tuning early; steps: never (finetune)")
    threshold: str = Field("midpoint", description="rule that picks the threshold on the shots")


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
    group: str = Field("stem", description="stem, path, a regular expression on the path, or a CSV file (path,group)")


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


def load_settings(
    config: str | Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    base: Settings | None = None,
    choices: Choices | None = None,
) -> Settings:
    """Lay a YAML file over the settings of `base` (the defaults), and `overrides` over both.

    Override names are dotted (`train.epochs`) or nested. choices: what the settings that name something may be set to;
    without them names are not checked, as for a run that another installation made.
    Raises one UserError that names every problem.
    """
    problems: list[Problem] = []
    given = nested(read_yaml(find_config(config)), problems) if config is not None else {}
    flags = nested(overrides or {}, problems)
    raw = merged(merged((base or Settings()).model_dump(), given), flags)
    settings = _validated(Settings, raw, problems, flagged=set(flat(flags)))
    problems += unknown_names(flat(given), choices or {})
    problems += [replace(problem, flag=True) for problem in unknown_names(flat(flags), choices or {})]
    refuse(str(config) if config is not None else "settings", problems)
    assert settings is not None
    return settings


def load_checked(model: type[Model], path: Path, changes: Mapping[str, Any] | None = None) -> Model:
    """Read a YAML file as `model`, with `changes` laid over it. Raises one UserError that names every problem."""
    problems: list[Problem] = []
    found = _validated(model, {**read_yaml(path), **(changes or {})}, problems)
    refuse(str(path), problems)
    assert found is not None
    return found


def load_domain_file(path: str | Path) -> DomainSettings:
    """Read a domain file; paths in it are relative to the file. Raises one UserError that names every problem."""
    path = Path(path)
    domain = load_checked(DomainSettings, path)
    folder = path.resolve().parent
    changes = {}
    # A name such as forged_photos/splice is left as it is when no folder of that name lies beside the file.
    if (folder / domain.path).exists() or domain.path.startswith((".", "/")):
        changes["path"] = str((folder / domain.path).resolve())
    if domain.group.lower().endswith(".csv"):
        changes["group"] = str((folder / domain.group).resolve())
    return domain.model_copy(update=changes)


def dump(settings: Section) -> str:
    """Write settings as YAML text that `load_settings` reads back to the same settings."""
    return write_yaml(settings.model_dump(mode="json"))


def unknown_names(values: Mapping[str, Any], choices: Choices) -> list[Problem]:
    """Find every dotted setting whose value is none of its choices."""
    return [
        Problem(
            name,
            f"unknown {choice.what} '{values[name]}'{nearest(values[name], known)} (known: {some(known)})",
            ErrorCode.NAME_UNKNOWN,
        )
        for name, choice in choices.items()
        if isinstance(values.get(name), str) and values[name] not in (known := choice.names())
    ]


Model = TypeVar("Model", bound=Section)


def _validated(
    model: type[Model], raw: dict[str, Any], problems: list[Problem], flagged: set[str] | None = None
) -> Model | None:
    """Check raw settings and return the model, or None with each problem added to `problems`."""
    try:
        return model.model_validate(tuples(raw))
    except ValidationError as error:
        known = [name for name, _ in leaves(model)]
        for item in error.errors():
            name = ".".join(part for part in item["loc"] if isinstance(part, str))
            code = ErrorCode.SETTING_UNKNOWN if item["type"] == "extra_forbidden" else ErrorCode.SETTING_INVALID
            problems.append(Problem(name, _said(item, name, known), code, flag=bool(flagged and name in flagged)))
        return None


def _said(item: Any, name: str, known: list[str]) -> str:
    """Say one of pydantic's errors in our words: what was expected, what came."""
    if item["type"] == "extra_forbidden":
        sections = {other.rpartition(".")[0] for other in known} - {""}
        if isinstance(item["input"], dict):
            return f"unknown section of settings{nearest(name, sections)} (sections: {', '.join(sorted(sections))})"
        leaf = name.rpartition(".")[2]
        same = [other for other in known if other.rpartition(".")[2] == leaf]
        return "unknown setting" + (f"; perhaps you meant '{same[0]}'" if same else nearest(name, known))
    if item["type"] == "missing" and not isinstance(item["loc"][-1], int):
        return "is required"
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    if item["type"] in ("too_long", "missing"):
        return f"expected another number of values, got {shown(item['input'])}"
    said = item["msg"].replace("Input should be ", "expected ")
    said = re.sub(r"a valid dictionary or instance of \w+", "a section of settings", said)
    said = said.replace("a valid tuple", "a list").replace("a valid ", "a ").replace("a integer", "an integer")
    return f"{said}, got {shown(item['input'])}"
