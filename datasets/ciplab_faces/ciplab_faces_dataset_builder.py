"""The builder: one configuration; what is what says `layout`."""

from __future__ import annotations

from typing import ClassVar

import tensorflow_datasets as tfds
from etils import epath

from forensictransfer.data.catalogue.manual import ManualBuilder

from . import layout
from .catalogue import CONFIGS, FACTS, VERSION


class Builder(ManualBuilder, tfds.core.GeneratorBasedBuilder):
    """ciplab_faces: Real and Fake Face Detection (CIPLAB, Yonsei University, 2019), got by hand."""

    VERSION = tfds.core.Version(VERSION)
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    BUILDER_CONFIGS: ClassVar[list[tfds.core.BuilderConfig]] = [
        tfds.core.BuilderConfig(name=name, description=text) for name, text in CONFIGS.items()
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = FACTS.instructions("DATA_DIR/manual/ciplab_faces")
    pkg_dir_path = epath.Path(__file__).parent
    FACTS = FACTS
    LAYOUT = layout
