"""Parameters that generators of pictures leave in a file, and in whose form they are.

| where | form | source |
|---|---|---|
| PNG text `parameters`; EXIF UserComment | Stable Diffusion web UI | AUTOMATIC1111/stable-diffusion-webui |
| `parameters` with `sui_image_params` | SwarmUI | mcmonkeyprojects/SwarmUI |
| `prompt`, `workflow`; EXIF Make, Model, ImageDescription | ComfyUI | comfyanonymous/ComfyUI, SaveImage |
| `sd-metadata`, `Dream`, `invokeai_metadata` and its kin | InvokeAI | invoke-ai/InvokeAI |
| `fooocus_scheme`, JSON in `parameters` | Fooocus | lllyasviel/Fooocus |
| `Software` NovelAI with `Comment` | NovelAI | d3x-at/sd-parsers |
| `negative_prompt` with a model or a sampler | Easy Diffusion | receyuki/stable-diffusion-prompt-reader |
| `generation_data` | TensorArt | receyuki/stable-diffusion-prompt-reader |
| XMP exif:UserComment, JSON | Draw Things | receyuki/stable-diffusion-prompt-reader |
| `Description` with `Job ID:` | Midjourney | its downloads |

Anyone can write such a text, and one who publishes a picture usually loses it: neither way is it proof.
"""

from __future__ import annotations

from collections.abc import Iterator

from forensictransfer.data.metadata.blocks import Text
from forensictransfer.data.metadata.exif import Exif
from forensictransfer.data.metadata.xmp import DUBLIN_CORE, EXIF, Xmp
from forensictransfer.inference.provenance.findings import quoted, stated
from forensictransfer.results.formats.inspection import ProvenanceFinding

_INVOKE = ("sd-metadata", "dream", "invokeai_metadata", "invokeai_graph", "invokeai_workflow", "invokeai")
_WEB_UI = ("Steps: ", ("Sampler: ", "CFG scale: ", "Seed: "))
_ANYONE = "anyone can write it into any file; that it is missing proves nothing"


def generator_findings(texts: list[Text], exif: Exif, xmp: Xmp, place: str) -> Iterator[ProvenanceFinding]:
    """Find the parameters of generators in texts, EXIF and XMP. place: what the texts are called ("PNG text")."""
    seen: set[tuple[str, str]] = set()
    for source, key, text in _places(texts, exif, xmp, place):
        form = _form(key, text, texts)
        if form and (form, source) not in seen:
            seen.add((form, source))
            words = f"parameters in the form of {form}, {quoted(key, 40)}, {len(text):,} characters: {quoted(text)}"
            yield stated("generator", source, words, _ANYONE)


def _places(texts: list[Text], exif: Exif, xmp: Xmp, place: str) -> Iterator[tuple[str, str, str]]:
    for one in texts:
        yield place, one.key, one.text
    for name in ("UserComment", "ImageDescription", "Make", "Model", "XPComment"):
        yield "EXIF", name, exif.text(name)
    for name in xmp.all(EXIF, "UserComment"):
        yield "XMP", "UserComment", name
    for name in xmp.all(DUBLIN_CORE, "description"):
        yield "XMP", "description", name


def _form(key: str, text: str, texts: list[Text]) -> str:
    """Name the generator whose form a text has; "" for any other text."""
    low, start = key.lower(), text[:4000]
    is_object = start.lstrip().startswith("{")
    keys = {one.key.lower() for one in texts}
    if "sui_image_params" in start:
        return "SwarmUI"
    if low in _INVOKE:
        return "InvokeAI"
    if "fooocus_scheme" in keys and low == "parameters":
        return "Fooocus"
    if low == "comment" and any(one.key == "Software" and one.text.strip() == "NovelAI" for one in texts):
        return "NovelAI"
    if low in ("prompt", "workflow") and is_object and ('"class_type"' in text or '"nodes"' in text):
        return "ComfyUI"
    if low in ("make", "model", "imagedescription") and start.lower().startswith(("workflow:", "prompt:")):
        return "ComfyUI"
    if low == "generation_data" and is_object:
        return "TensorArt"
    if low in ("negative_prompt", "negative prompt") and keys & {"use_stable_diffusion_model", "sampler_name", "seed"}:
        return "Easy Diffusion"
    if low == "usercomment" and is_object and '"v2"' in text and '"sampler"' in text:
        return "Draw Things"
    if low in ("parameters", "usercomment", "xpcomment", "comment") and _WEB_UI[0] in text:
        return "Stable Diffusion web UI" if any(word in text for word in _WEB_UI[1]) else ""
    if low == "description" and "Job ID: " in text:
        return "Midjourney"
    if low == "parameters" and is_object and '"prompt"' in text:
        return "Fooocus or another that writes JSON"
    return ""
