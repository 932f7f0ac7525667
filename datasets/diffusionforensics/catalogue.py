"""The name, version, configurations and facts of this data set, readable without TensorFlow."""

from __future__ import annotations

from forensictransfer.data.catalogue.data_sets import Facts

VERSION = "1.0.0"

# Configuration -> what it is. `layout.FOLDERS` says where each lies.
CONFIGS = {
    "bedroom_adm": "LSUN bedrooms: ADM",
    "bedroom_ddpm": "LSUN bedrooms: DDPM",
    "bedroom_iddpm": "LSUN bedrooms: improved DDPM",
    "bedroom_pndm": "LSUN bedrooms: PNDM",
    "bedroom_ldm": "LSUN bedrooms: latent diffusion",
    "bedroom_sdv1": "LSUN bedrooms: Stable Diffusion 1",
    "bedroom_sdv2": "LSUN bedrooms: Stable Diffusion 2",
    "bedroom_vqdiffusion": "LSUN bedrooms: VQ-Diffusion",
    "bedroom_if": "LSUN bedrooms: DeepFloyd IF",
    "bedroom_dalle2": "LSUN bedrooms: DALL-E 2",
    "bedroom_midjourney": "LSUN bedrooms: Midjourney",
    "bedroom_stylegan": "LSUN bedrooms: StyleGAN",
    "bedroom_projectedgan": "LSUN bedrooms: Projected GAN",
    "bedroom_diff_stylegan": "LSUN bedrooms: Diffusion-StyleGAN2",
    "bedroom_diff_projectedgan": "LSUN bedrooms: Diffusion-Projected GAN",
    "imagenet_adm": "ImageNet: ADM",
    "imagenet_sdv1": "ImageNet: Stable Diffusion 1",
    "celebahq_sdv2": "CelebA-HQ: Stable Diffusion 2",
    "celebahq_if": "CelebA-HQ: DeepFloyd IF",
    "celebahq_dalle2": "CelebA-HQ: DALL-E 2",
    "celebahq_midjourney": "CelebA-HQ: Midjourney",
}

FACTS = Facts(
    forgery="11 diffusion models, 4 GANs",
    content="bedrooms, ImageNet, faces",
    size="see README, 256 x 256 and others",
    licence="not stated",
    obtained="download",
    groups="the photograph, else the image",
    splits="official where a generator is in all three, else by hash",
    page="https://github.com/ZhendongWang6/DIRE",
    files=("the archives below images/ (real.zip, adm.zip, ... for each part and content)",),
    tree="""
images/train/lsun_bedroom/real/, adm/, ...
images/val/lsun_bedroom/real/, adm/, ...
images/test/lsun_bedroom/real/, adm/, ddpm/, ...
images/train/imagenet/real/n03982430/ILSVRC2012_val_00039791.JPEG
images/train/imagenet/adm/...                    val/ and test/ alike
images/test/celebahq/real/, sdv2/, ...           recons/ and dire/ are not needed
""",
)
