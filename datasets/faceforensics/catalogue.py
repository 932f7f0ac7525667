"""The name, version, configurations and facts of this data set, readable without TensorFlow."""

from __future__ import annotations

from forensictransfer.data.catalogue.data_sets import Facts

VERSION = "1.0.0"

METHODS = {
    "deepfakes": "face swap by autoencoders (Deepfakes)",
    "face2face": "another person's expression by a 3-D face model (Face2Face)",
    "faceswap": "face swap by a 3-D face model (FaceSwap)",
    "neuraltextures": "another person's mouth by a learned texture (NeuralTextures)",
    "faceshifter": "face swap by a two-stage network (FaceShifter)",
    "deepfakedetection": "face swaps of paid actors (DeepFakeDetection)",
}
QUALITIES = {"raw": "lossless", "c23": "H.264 at 23, hardly visible", "c40": "H.264 at 40, clearly visible"}

CONFIGS = {
    f"{method}_{quality}": f"{what}; {compression}"
    for method, what in METHODS.items()
    for quality, compression in QUALITIES.items()
}

FACTS = Facts(
    forgery="face swaps and reenactment",
    content="faces in videos",
    size="1,000 + 5 x 1,000 videos; actors 363 + 3,068; crops as extracted",
    licence="FaceForensics terms of use: research",
    obtained="form",
    groups="the two videos of a swap; of the actors, the actor",
    splits="official; of the actors, by actor",
    page="https://github.com/ondyari/FaceForensics",
    files=("the videos (download-FaceForensics.py)", "dataset/splits of the repository"),
    tree="""
original_sequences/youtube/c23/videos/033/00/033_00_000012.png            written by
manipulated_sequences/Deepfakes/c23/videos/033_097/00/033_097_00_000012.png
                              `forensictransfer data faces VIDEOS THIS_FOLDER` from the downloaded tree VIDEOS
splits/train.json, splits/val.json, splits/test.json                      from dataset/splits
""",
    masks=True,
)
