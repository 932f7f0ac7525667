"""The name, version, configurations and facts of this data set, readable without TensorFlow."""

from __future__ import annotations

from forensictransfer.data.catalogue.data_sets import Facts

VERSION = "1.0.0"

CONFIGS = {"stylegan": "StyleGAN portraits against FFHQ photographs, both shrunk to 256 x 256"}

FACTS = Facts(
    forgery="StyleGAN, whole image",
    content="faces",
    size="140,000, 256 x 256 JPEG",
    licence="not verified, see README",
    obtained="Kaggle account",
    groups="the FFHQ photograph, else the image",
    splits="official (train, valid, test)",
    page="https://www.kaggle.com/datasets/xhlulu/140k-real-and-fake-faces",
    files=("archive.zip",),
    tree="""
train.csv, valid.csv, test.csv
real_vs_fake/real-vs-fake/train/real/31355.jpg
real_vs_fake/real-vs-fake/train/fake/...         valid/ and test/ alike
""",
)
