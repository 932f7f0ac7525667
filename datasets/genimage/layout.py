"""Which file of the extracted archives is what; no image is opened."""

from __future__ import annotations

from collections.abc import Iterator

from forensictransfer.data.catalogue.extracted import ManualFolder
from forensictransfer.data.catalogue.manual import Item, learning_split

FOLDERS = {
    "adm": ("ADM", "imagenet_ai_0508_adm"),
    "biggan": ("BigGAN", "imagenet_ai_0419_biggan"),
    "glide": ("glide", "imagenet_glide"),
    "midjourney": ("Midjourney", "imagenet_midjourney"),
    "sd14": ("stable_diffusion_v_1_4", "imagenet_ai_0419_sdv4"),
    "sd15": ("stable_diffusion_v_1_5", "imagenet_ai_0424_sdv5"),
    "vqdm": ("VQDM", "imagenet_ai_0419_vqdm"),
    "wukong": ("wukong", "imagenet_ai_0424_wukong"),
}


def items(tree: ManualFolder, config: str) -> Iterator[Item]:
    """Yield all images of one generator. The paper tests on `val`; what is learned from comes out of `train`."""
    outer, inner = FOLDERS[config]
    # Mirrors leave the outer folders out.
    top = (inner,) if tree.has(inner) and not tree.has(outer, inner) else (outer, inner)
    for part in ("train", "val"):
        for label, name in enumerate(("nature", "ai")):
            for path in tree.images(*top, part, name):
                group = f"genimage/{part}/{path.stem}" if label else f"imagenet/{path.stem}"
                yield Item(path, label, group, "test" if part == "val" else learning_split(group))
