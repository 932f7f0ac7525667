"""Files that could not be looked at, as all results name them."""

from __future__ import annotations

from forensictransfer.results.formats.document import Part


class SkippedImage(Part):
    """A file that could not be looked at, and why; code: of the error."""

    name: str
    reason: str
    code: str
