"""The name, version, configurations and facts of this data set, readable without TensorFlow."""

from __future__ import annotations

from forensictransfer.data.catalogue.data_sets import Facts

VERSION = "1.0.0"

CONFIGS = {
    "adm": "ADM (guided diffusion) against ImageNet photographs",
    "biggan": "BigGAN against ImageNet photographs",
    "glide": "GLIDE against ImageNet photographs",
    "midjourney": "Midjourney against ImageNet photographs",
    "sd14": "Stable Diffusion 1.4 against ImageNet photographs",
    "sd15": "Stable Diffusion 1.5 against ImageNet photographs",
    "vqdm": "VQ-Diffusion against ImageNet photographs",
    "wukong": "Wukong against ImageNet photographs",
}

FACTS = Facts(
    forgery="7 diffusion models, 1 GAN",
    content="ImageNet's 1,000 classes",
    size="2.7 million, 128 to 1,024, JPEG/PNG",
    licence="not verified, see README",
    obtained="download",
    groups="the ImageNet photograph, else the image",
    splits="val is test; train by hash into train and validation",
    page="https://github.com/GenImage-Dataset/GenImage",
    files=("the multi-part archive of each generator, imagenet_ai_0508_adm.zip and so on",),
    tree="""
ADM/imagenet_ai_0508_adm/train/ai/, nature/
ADM/imagenet_ai_0508_adm/val/ai/, nature/
BigGAN/imagenet_ai_0419_biggan/...                   train/ and val/ as above in each
glide/imagenet_glide/...
Midjourney/imagenet_midjourney/...
stable_diffusion_v_1_4/imagenet_ai_0419_sdv4/...
stable_diffusion_v_1_5/imagenet_ai_0424_sdv5/...
VQDM/imagenet_ai_0419_vqdm/...
wukong/imagenet_ai_0424_wukong/...                   (the inner folders may also stand at the top)
""",
)
