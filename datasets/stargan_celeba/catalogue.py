"""The name, version, configurations and facts of this data set, readable without TensorFlow."""

from __future__ import annotations

from forensictransfer.data.catalogue.data_sets import Facts

VERSION = "1.0.0"

CONFIGS = {"edits": "portraits edited by StarGAN (hair, age, sex, smile ...) against the portraits"}

FACTS = Facts(
    forgery="StarGAN, whole image",
    content="faces",
    size="as many as you make",
    licence="CelebA: non-commercial research",
    obtained="made by you",
    groups="the person (CelebA's identities)",
    splits="official (CelebA's partition)",
    page="https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
    files=("identity_CelebA.txt", "list_eval_partition.txt", "portraits and edits that you make (README.md)"),
    tree="""
Anno/identity_CelebA.txt
Eval/list_eval_partition.txt
real/000001.png                    the portraits, cut and saved as the edits are
fake/000001_Blond_Hair.png         the edits; a name begins with the portrait's number
""",
)
