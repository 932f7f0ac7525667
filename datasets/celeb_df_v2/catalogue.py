"""The name, version, configurations and facts of this data set, readable without TensorFlow."""

from __future__ import annotations

from forensictransfer.data.catalogue.data_sets import Facts

VERSION = "1.0.0"

CONFIGS = {
    "official": "face swaps of celebrities; the official test videos, whose people stand in the training videos too",
    "identity": "face swaps of celebrities; no person stands in two splits (not the official test)",
}

FACTS = Facts(
    forgery="face swaps",
    content="faces in videos",
    size="590 + 300 real, 5,639 fake videos; crops as extracted",
    licence="terms of use on the form: research",
    obtained="form",
    groups="official: the clip that was changed; identity: the person",
    splits="test official, or by person",
    page="https://github.com/yuezunli/celeb-deepfakeforensics",
    files=("Celeb-DF-v2.zip",),
    tree="""
Celeb-real/id0_0000/00/id0_0000_00_000012.png                     written by
Celeb-synthesis/id0_id1_0000/00/id0_id1_0000_00_000012.png        `forensictransfer data faces VIDEOS THIS_FOLDER`
YouTube-real/00000/00/00000_00_000012.png                         from the unpacked archive VIDEOS
List_of_testing_videos.txt                                        copied from there by the same command
""",
)
