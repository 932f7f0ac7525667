"""Names of programs as files give them: which are known to generate pictures, and which to edit them."""

from __future__ import annotations

import re

# As they write themselves into EXIF Software, XMP CreatorTool, PNG texts and credits. Whole words only: names of
# cameras and firmware share syllables.
_GENERATORS = re.compile(
    r"\b(NovelAI|Stable ?Diffusion|ComfyUI|InvokeAI|Midjourney|DALL[-·\u2022 ]?E|Adobe Firefly|Fooocus|Draw ?Things|"
    r"SwarmUI|Ideogram|Leonardo\.?AI|Recraft|OpenAI|ChatGPT|GPT-4o|gpt-image|Imagen|Gemini|Google AI|"
    r"Bing Image Creator|Microsoft Designer|Stability ?AI|DreamStudio|Grok|Black Forest Labs|FLUX\.?1|"
    r"Easy Diffusion|NightCafe|Krea)\b",
    re.IGNORECASE,
)
_EDITORS = re.compile(
    r"\b(Photoshop|Lightroom|Camera Raw|Fireworks|GIMP|Affinity|Pixelmator|Paint\.NET|Paint ?Shop|PaintShop|"
    r"Capture One|darktable|RawTherapee|DxO|Luminar|Snapseed|PicsArt|Canva|ACDSee|Picasa|Krita|ImageMagick|"
    r"XnView|IrfanView|FaceApp|Facetune|Meitu|BeautyPlus|VSCO|Photo ?Scape|Polarr|Pixlr|Aperture|iPhoto|"
    r"Photo Booth|Topaz|Windows Photo|Microsoft Photo|Photos|Corel|digiKam|Inkscape|Illustrator|InDesign)\b",
    re.IGNORECASE,
)


def generator_named(text: str) -> bool:
    """Tell whether a text names a program that is known to generate pictures."""
    return _GENERATORS.search(text[:1000]) is not None


def kind_of_program(text: str) -> str:
    """Say what kind of program a name is: a generator, an editor, or one that is not in the lists."""
    if generator_named(text):
        return "known to generate pictures"
    return "known to edit pictures" if _EDITORS.search(text[:1000]) else ""
