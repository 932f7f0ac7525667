"""The builder: seven forgeries of the same photographs, each a configuration and a domain."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, ClassVar

import tensorflow_datasets as tfds
from etils import epath

from . import resynthesis
from .catalogue import CONFIGS, VERSION
from .examples import Forger, forgers, pictures
from .features import as_example, picture_features
from .photographs import CROP, SPLITS


@dataclasses.dataclass(eq=False, kw_only=True)
class ForgedPhotosConfig(tfds.core.BuilderConfig):
    """One forgery: which one, how many images, and for the re-syntheses how long the autoencoder is trained.

    Attributes:
        forgery: name in the catalogue; the default is the configuration's own name.
        per_class: real images, and as many fakes, in train, validation and test.
        steps: gradient steps of the autoencoder.
    """

    forgery: str = ""
    per_class: tuple[int, int, int] = (220, 60, 100)
    steps: int = resynthesis.STEPS


class Builder(tfds.core.GeneratorBasedBuilder):
    """forged_photos: nothing is downloaded; the photographs come out of installed packages."""

    VERSION = tfds.core.Version(VERSION)
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    BUILDER_CONFIGS: ClassVar[list[ForgedPhotosConfig]] = [
        ForgedPhotosConfig(name=name, description=text) for name, text in CONFIGS.items()
    ]
    pkg_dir_path = epath.Path(__file__).parent

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=picture_features(CROP, "jpeg"),
            supervised_keys=("image", "label"),
            homepage="https://github.com/scikit-image/scikit-image",
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        config = self.builder_config
        forgery = config.forgery or config.name
        by_name = forgers(forgery, steps=config.steps)
        return {
            split: self._generate_examples(forgery, split, count, by_name)
            for split, count in zip(SPLITS, config.per_class, strict=True)
        }

    def _generate_examples(
        self, forgery: str, split: str, per_class: int, by_name: dict[str, Forger]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        return map(as_example, pictures(forgery, split, per_class, by_name))
