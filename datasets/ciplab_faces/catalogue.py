"""The name, version, configurations and facts of this data set, readable without TensorFlow."""

from __future__ import annotations

from forensictransfer.data.catalogue.data_sets import Facts

VERSION = "1.0.0"

CONFIGS = {"photoshop": "eyes, nose, mouth or the whole face exchanged by experts in an image editor"}

FACTS = Facts(
    forgery="by hand, local",
    content="faces",
    size="2,041, 600 x 600 JPEG",
    licence="not verified, see README",
    obtained="Kaggle account",
    groups="the image (its photographs are not named)",
    splits="by hash of the group",
    page="https://www.kaggle.com/datasets/ciplab/real-and-fake-face-detection",
    files=("archive.zip",),
    tree="""
real_and_fake_face/training_real/real_00001.jpg
real_and_fake_face/training_fake/easy_1_1110.jpg      easy_, mid_ and hard_
""",
)
