"""The name, version, configurations and facts of this data set, readable without TensorFlow."""

from __future__ import annotations

from forensictransfer.data.catalogue.data_sets import Facts

VERSION = "1.0.0"

CONFIGS = {"splicing": "a region of another camera's photograph pasted in, without any post-processing"}

FACTS = Facts(
    forgery="splicing, no post-processing",
    content="mostly indoor photographs",
    size="363, 757 x 568 to 1,152 x 768 TIFF",
    licence="not verified, see README",
    obtained="download",
    groups="the photograph of an authentic image; the splice itself",
    splits="by hash of the group",
    page="https://www.ee.columbia.edu/ln/dvmm/downloads/authsplcuncmp/",
    files=("4cam_auth.tar.bz2", "4cam_splc.tar.bz2"),
    tree="""
4cam_auth/canong3_02_sub_01.tif
4cam_splc/canong3_canonxt_sub_01.tif
4cam_splc/edgemask/canong3_canonxt_sub_01_edgemask.jpg
""",
    masks=True,
)
