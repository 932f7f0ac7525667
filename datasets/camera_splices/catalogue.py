"""The name, version and configurations of this data set, readable without TensorFlow."""

from __future__ import annotations

from forensictransfer.data.catalogue.data_sets import MADE_HERE, Facts

VERSION = "1.0.0"

CONFIGS = {
    "raw": "never compressed: the mosaic of the sensor is in the host, another one or none in what is pasted",
    "saved_twice": "JPEG twice on one grid, the second time finer: what is pasted was compressed once",
    "cropped": "JPEG, cut off the grid of its blocks, what is pasted on a grid of its own, JPEG again",
    "resized": "JPEG, made smaller, pasted into, JPEG again: little is left of what was before",
}

FACTS = Facts(
    forgery="splices, 4 histories of the file",
    content="photographs, 17 scenes",
    size="440 a domain, 256 x 256 PNG or JPEG",
    licence="CC0, public domain, CC BY",
    obtained=MADE_HERE,
    groups="the scene",
    splits="scenes, the same in all domains",
    masks=True,
)
