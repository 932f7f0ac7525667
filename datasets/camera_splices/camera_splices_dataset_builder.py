"""The builder: splices in photographs of four histories, each a configuration and a domain."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, ClassVar

import tensorflow_datasets as tfds
from etils import epath

from ..forged_photos.features import as_example, picture_features
from ..forged_photos.photographs import SPLITS
from .catalogue import CONFIGS, VERSION
from .examples import pictures
from .histories import SIDE


@dataclasses.dataclass(eq=False, kw_only=True)
class CameraSplicesConfig(tfds.core.BuilderConfig):
    """One history, and how many images.

    Attributes:
        history: name in the catalogue; the default is the configuration's own name.
        per_class: real images, and as many fakes, in train, validation and test.
    """

    history: str = ""
    per_class: tuple[int, int, int] = (120, 40, 60)


class Builder(tfds.core.GeneratorBasedBuilder):
    """camera_splices: nothing is downloaded; the photographs come out of installed packages."""

    VERSION = tfds.core.Version(VERSION)
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    BUILDER_CONFIGS: ClassVar[list[CameraSplicesConfig]] = [
        CameraSplicesConfig(name=name, description=text) for name, text in CONFIGS.items()
    ]
    pkg_dir_path = epath.Path(__file__).parent

    def _info(self) -> tfds.core.DatasetInfo:
        config = self.builder_config
        encoding = "png" if (config.history or config.name) == "raw" else "jpeg"
        return self.dataset_info_from_configs(
            features=picture_features(SIDE, encoding),
            supervised_keys=("image", "label"),
            homepage="https://github.com/scikit-image/scikit-image",
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        config = self.builder_config
        history = config.history or config.name
        return {
            split: self._generate_examples(history, split, count)
            for split, count in zip(SPLITS, config.per_class, strict=True)
        }

    def _generate_examples(self, history: str, split: str, per_class: int) -> Iterator[tuple[str, dict[str, Any]]]:
        return map(as_example, pictures(history, split, per_class))
