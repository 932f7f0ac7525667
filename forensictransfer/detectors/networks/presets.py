"""Presets of Keras Hub in a folder on this machine: what is read of them, and what is refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError, first_line
from forensictransfer.core.files import read_json
from forensictransfer.detectors.layers import BackboneStatistics
from forensictransfer.detectors.layers.backbone_statistics import chosen_stages, import_keras_hub, stage_model

CONFIG, CONVERTER = "config.json", "image_converter.json"
_UNREADABLE = (ValueError, OSError, KeyError, TypeError, AttributeError, ImportError)


def backbone_statistics(folder: Path, crop: int, name: str) -> BackboneStatistics:
    """Read the backbone of a preset for crops of `crop` pixels into a layer called `name`, with the preset's weights.

    Of CLIP and SigLIP it is the encoder of images. Crops of another size than the preset's are taken where Keras Hub
    can (convolutions, DINOv2, DINOv3), not where positions were learned one by one (CLIP, ViT). Nothing is downloaded.
    Raises UserError for a folder that is no such preset, and for a crop that it does not take.
    """
    hub = import_keras_hub()
    described = _described(folder)
    shape = described.get("image_shape")
    options = {"image_shape": (crop, crop, 3)} if shape else {}
    try:
        # An absolute path: a handle of Kaggle or Hugging Face cannot be one, and nothing else would be downloaded.
        backbone = hub.models.Backbone.from_preset(str(folder.resolve()), **options)
        scale, offset = _scaling(hub, folder)
        backbone = getattr(backbone, "vision_encoder", backbone)
        _check_crop(folder, backbone, crop)
        stages = chosen_stages(backbone)
        layer = BackboneStatistics(keras.saving.serialize_keras_object(backbone), stages, scale, offset, name=name)
        layer.extractor.set_weights(stage_model(backbone, stages).get_weights())
    except _UNREADABLE as error:
        if isinstance(error, ValueError) and shape and None not in shape[:2] and tuple(shape[:2]) != (crop, crop):
            raise _other_crop(folder, shape[0], crop) from error
        raise _unsuitable(folder, error) from error
    layer.digest.assign(_digest(layer))
    return layer


def _described(folder: Path) -> dict[str, Any]:
    """Return the settings of the preset's backbone. Raises UserError for a folder without a preset of Keras Hub."""
    for name in (CONFIG, CONVERTER):
        if not (folder / name).is_file():
            raise UserError(
                f"{folder}: expected a preset of Keras Hub, there is no {name}; "
                "`save_to_preset` of a model with its preprocessor writes it (docs/detectors.md)",
                code=ErrorCode.WEIGHTS_UNSUITABLE,
            )
    found = read_json(folder / CONFIG)
    if not isinstance(found, dict) or "registered_name" not in found or not isinstance(found.get("config"), dict):
        raise UserError(
            f"{folder / CONFIG}: expected the settings of a backbone of Keras Hub, got those of another library; "
            "load it in Keras Hub and write it by `save_to_preset` (docs/detectors.md)",
            code=ErrorCode.WEIGHTS_UNSUITABLE,
        )
    return dict(found["config"])


def _scaling(hub: Any, folder: Path) -> tuple[list[float], list[float]]:
    """Read how the preset's image converter scales colours: factor and summand of red, green and blue."""
    converter = hub.layers.ImageConverter.from_preset(str(folder.resolve()))
    found = []
    for given, default in ((converter.scale, 1.0), (converter.offset, 0.0)):
        values = np.broadcast_to(np.asarray(default if given is None else given, np.float64).ravel(), (3,))
        found.append([float(value) for value in values])
    return found[0], found[1]


def _check_crop(folder: Path, backbone: keras.Model, crop: int) -> None:
    """Raise UserError for crops of another size than the backbone takes."""
    wanted = keras.tree.flatten(backbone.input)[0].shape[1]
    if wanted not in (None, crop):
        raise _other_crop(folder, wanted, crop)
    patch = getattr(backbone, "patch_size", None)
    side = int(np.max(patch)) if patch is not None else 1
    if crop % side:
        raise UserError(
            f"data.crop: the backbone in {folder} takes crops of a multiple of {side} pixels, got {crop}; "
            f"take --data.crop {_nearest_crop(crop, side)}",
            code=ErrorCode.DETECTOR_UNSUITABLE,
        )


def _nearest_crop(crop: int, side: int) -> int:
    """Find the nearest multiple of a patch and of 8 pixels, as every crop is one."""
    step = int(np.lcm(side, 8))
    return max(step, round(crop / step) * step)


def _other_crop(folder: Path, wanted: int, crop: int) -> UserError:
    return UserError(
        f"data.crop: the backbone in {folder} takes crops of {wanted} pixels alone, got {crop}; "
        f"take --data.crop {wanted}",
        code=ErrorCode.DETECTOR_UNSUITABLE,
    )


def _unsuitable(folder: Path, error: Exception) -> UserError:
    return UserError(
        f"{folder}: expected a preset of Keras Hub with a backbone of images: {first_line(error)}",
        code=ErrorCode.WEIGHTS_UNSUITABLE,
    )


def _digest(layer: BackboneStatistics) -> np.ndarray:
    """Compute the SHA-256 of all that the layer's statistics depend on, as int32 (8,)."""
    config = layer.get_config()
    state = hashlib.sha256(
        json.dumps([config[key] for key in ("backbone", "stages", "scale", "offset")], sort_keys=True).encode()
    )
    for weight in layer.extractor.get_weights():
        state.update(np.ascontiguousarray(weight).tobytes())
    return np.frombuffer(state.digest(), np.int32)
