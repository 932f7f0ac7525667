"""Which file of the extracted archives is what; no image is opened."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from forensictransfer.data.catalogue.extracted import ManualFolder
from forensictransfer.data.catalogue.manual import Item, linked

LABELS = ("0_real", "1_fake")
# Reals and fakes of these carry the name of the photograph, the frame or the map that both come from.
PAIRED = {"gaugan": "coco", "crn": "gta", "imle": "gta", "stargan": "forensynths/stargan"} | {
    name: f"forensynths/{name}" for name in ("seeingdark", "san")
}
# Images in train, val and each test folder, real and fake together.
COUNTS = {"train": 720_000, "val": 8_000, "progan": 8_000, "stylegan": 11_982, "stylegan2": 15_976, "biggan": 4_000} | {
    "cyclegan": 2_642,
    "stargan": 3_998,
    "gaugan": 10_000,
    "crn": 12_764,
    "imle": 12_764,
    "seeingdark": 360,
    "san": 438,
    "deepfake": 5_405,
    "whichfaceisreal": 2_000,
}
_IMAGENET = re.compile(r"(n\d{8}_\d+)")


def items(tree: ManualFolder, config: str) -> Iterator[Item]:
    """Yield all images of one generator.

    The train and val folders belong to ProGAN, the test folder has one of each.
    """
    if config == "progan":
        for part, split in (("train", "train"), ("val", "validation"), ("test/progan", "test")):
            images = list(_images(tree, *part.split("/")))
            tree.expect(len(images), COUNTS[part.split("/")[-1]], part)
            for path, label in images:
                yield Item(path, label, f"forensynths/{_stem(tree, path)}", split)
        return
    images = list(_images(tree, "test", config))
    tree.expect(len(images), COUNTS[config], f"test/{config}")
    videos = linked(_videos(path) for path, label in images if label) if config == "deepfake" else {}
    for path, label in images:
        yield Item(path, label, _group(tree, config, path, videos))


def _images(tree: ManualFolder, *parts: str) -> Iterator[tuple[Path, int]]:
    """Yield the images of a folder with 0_real and 1_fake in it, or of its folders if these stand one level deeper."""
    tops = [parts] if any(tree.has(*parts, name) for name in LABELS) else []
    for top in tops or [(*parts, kind) for kind in tree.folders(*parts)] or [parts]:
        for label, name in enumerate(LABELS):
            yield from ((path, label) for path in tree.images(*top, name))


def _group(tree: ManualFolder, config: str, path: Path, videos: dict[str, str]) -> str:
    stem = path.stem
    if config in PAIRED:
        return f"{PAIRED[config]}/{stem}"
    if config == "deepfake":
        first, _ = _videos(path)
        return f"ff/{videos.get(first, first)}"
    photograph = _IMAGENET.search(stem)
    if photograph:
        return f"imagenet/{photograph.group(1)}"
    if config == "cyclegan":
        # A fake is named after the photograph it was made from, which stands in another folder.
        return f"forensynths/cyclegan/{stem.removesuffix('_fake').removesuffix('_real')}"
    return f"forensynths/{_stem(tree, path)}"


def _videos(path: Path) -> tuple[str, str]:
    """Name the two videos of a swap by its name TARGET_SOURCE_FRAME; twice the same for a photograph, VIDEO_FRAME."""
    parts = path.stem.split("_")
    return parts[0], parts[1] if len(parts) > 2 else parts[0]


def _stem(tree: ManualFolder, path: Path) -> str:
    return tree.name(path).removesuffix(path.suffix)
