"""The name, version, configurations and facts of this data set, readable without TensorFlow."""

from __future__ import annotations

from forensictransfer.data.catalogue.data_sets import Facts

VERSION = "1.0.0"

CONFIGS = {
    "all": "face swaps of paid actors by two methods that were not published",
    "method_a": "the first of the two methods",
    "method_b": "the second of the two methods",
}

FACTS = Facts(
    forgery="face swaps",
    content="faces in videos",
    size="about 5,000 videos; crops as extracted",
    licence="DFDC terms: research",
    obtained="account",
    groups="the actor whose video it is",
    splits="test official, validation by actor",
    page="https://ai.meta.com/datasets/dfdc/",
    files=("dfdc_preview_set.zip",),
    tree="""
original_videos/1003254/1003254_A/1003254_A_001/00/1003254_A_001_00_000012.png        written by
method_A/1003254/1003254_A/1255229_1003254_A_001/00/1255229_1003254_A_001_00_000012.png
method_B/...                  `forensictransfer data faces VIDEOS THIS_FOLDER` from the unpacked archive VIDEOS
dataset.json                  copied from there by the same command
""",
)
