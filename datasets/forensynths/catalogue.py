"""The name, version, configurations and facts of this data set, readable without TensorFlow."""

from __future__ import annotations

from forensictransfer.data.catalogue.data_sets import Facts

VERSION = "1.0.0"

CONFIGS = {
    "progan": "ProGAN against LSUN photographs of 20 kinds of objects: the training set of CNNDetection",
    "stylegan": "StyleGAN against LSUN photographs: bedroom, car, cat",
    "stylegan2": "StyleGAN2 against LSUN photographs: car, cat, church, horse",
    "biggan": "BigGAN against ImageNet photographs",
    "cyclegan": "CycleGAN between six kinds of photographs, against its training photographs",
    "stargan": "StarGAN edits of CelebA portraits",
    "gaugan": "GauGAN from COCO's segmentation maps, against the COCO photographs",
    "crn": "cascaded refinement networks from the segmentation maps of a video game, against its frames",
    "imle": "implicit maximum likelihood estimation from the same maps, against the same frames",
    "seeingdark": "Seeing-in-the-dark: raw night photographs brightened by a network, against long exposures",
    "san": "second-order attention super-resolution of benchmark photographs",
    "deepfake": "frames of FaceForensics++'s face swaps (Deepfakes), cut to the face",
    "whichfaceisreal": "StyleGAN portraits and photographs from whichfaceisreal.com",
}

FACTS = Facts(
    forgery="13 generators (GANs, CNNs)",
    content="objects, scenes, faces",
    size="818,000, mostly 256 x 256 PNG",
    licence="CC BY-NC-SA 4.0, see README",
    obtained="download",
    groups="the photograph where the names tell, else the image",
    splits="progan official, the others by hash of the group",
    page="https://huggingface.co/datasets/sywang/CNNDetection",
    files=("progan_train.7z.001 to .007", "progan_val.zip", "CNN_synth_testset.zip"),
    tree="""
train/airplane/0_real/00190.png       progan_train.7z.* hold progan_train.zip: unpack that in train/
train/airplane/1_fake/00190.png       ... and 19 more kinds
val/airplane/0_real/, 1_fake/         progan_val.zip, unpacked in val/
test/progan/airplane/0_real/, 1_fake/ CNN_synth_testset.zip, unpacked in test/
test/biggan/0_real/, 1_fake/          ... and 11 more generators
""",
)
