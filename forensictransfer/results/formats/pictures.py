"""pictures.json: the test images of an evaluation whose pictures were kept, and the files that show them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, RootModel

from forensictransfer.core.values import Integer, Number
from forensictransfer.results.formats.document import Part

Side = Annotated[Integer, Field(gt=0)]


class PicturedImage(Part):
    """A test image of which pictures were kept.

    label: real = 0, fake = 1; threshold: fake is called above it; why: which kind of verdict it is one of, in words.
    files: by what they show ("photograph", "crop", "input", "reconstruction"), beside pictures.json. place: of the crop
    in the image (top, left, height, width) and size: of the image (height, width), in pixels; None in files of earlier
    versions, which kept no photograph.
    """

    name: str
    label: Annotated[Integer, Field(ge=0, le=1)]
    score: Number
    probability: Number
    threshold: Number
    why: str
    files: dict[str, str]
    place: tuple[Integer, Integer, Side, Side] | None = None
    size: tuple[Side, Side] | None = None


class PicturedImages(RootModel[tuple[PicturedImage, ...]]):
    """pictures.json: the images in the order of the page."""
