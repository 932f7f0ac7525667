"""The name, version and configurations of this data set, readable without TensorFlow."""

from __future__ import annotations

from forensictransfer.data.catalogue.data_sets import MADE_HERE, Facts

VERSION = "1.0.0"

CONFIGS = {
    "splice": "a region of another photograph pasted in, often resized and turned",
    "copy_move": "a region of the same photograph pasted elsewhere in the crop",
    "retouch": "a region smoothed with a median or a Gaussian filter",
    "inpaint": "a region removed and filled by biharmonic or exemplar-based inpainting",
    "resynth_transposed": "the whole image re-made by an autoencoder that up-samples with transposed convolutions",
    "resynth_nearest": "the whole image re-made by an autoencoder that up-samples by repeating pixels",
    "resynth_bilinear": "the whole image re-made by an autoencoder that up-samples bilinearly",
}

FACTS = Facts(
    forgery="7 local and whole-image forgeries",
    content="photographs, 19 scenes",
    size="760 a domain, 128 x 128 JPEG",
    licence="CC0, public domain, CC BY",
    obtained=MADE_HERE,
    groups="the scene",
    splits="scenes, the same in all domains",
    masks=True,
)
