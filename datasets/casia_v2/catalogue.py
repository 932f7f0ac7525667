"""The name, version, configurations and facts of this data set, readable without TensorFlow."""

from __future__ import annotations

from forensictransfer.data.catalogue.data_sets import Facts

VERSION = "1.0.0"

CONFIGS = {
    "splicing": "a region of another photograph pasted in (Tp_D)",
    "copy_move": "a region of the same photograph pasted elsewhere (Tp_S)",
    "all": "both",
}

FACTS = Facts(
    forgery="splicing and copy-move, by hand",
    content="photographs of nine kinds",
    size="12,614, 240 x 160 to 900 x 600",
    licence="not stated; research",
    obtained="download",
    groups="photographs that are linked by splices",
    splits="by hash of the group",
    page="https://github.com/namtpham/casia2groundtruth",
    files=("CASIA2.0_revised.zip", "CASIA2.0_Groundtruth.zip"),
    tree="""
Au/Au_ani_00001.jpg
Tp/Tp_D_CRN_S_N_cha00063_art00014_11818.jpg
CASIA 2 Groundtruth/Tp_D_CRN_S_N_cha00063_art00014_11818_gt.png      (or Gt/ or CASIA2.0_Groundtruth/)
""",
    masks=True,
)
