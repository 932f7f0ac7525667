"""Keep images that a run judged wrongly, or not at all, with what they are: a folder that the next adaptation can use.

FOLDER/real/<hash>.jpg  FOLDER/fake/<hash>.png    copies of the files, named by their SHA-256
FOLDER/feedback.jsonl                             a line for each: what it is, the verdict, and by what
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.files import writing
from forensictransfer.data.image_file import ImageFile
from forensictransfer.data.records import CLASSES
from forensictransfer.results.formats.verdicts import JudgedBy, Verdict

Truth = Literal["real", "fake"]
RECORD = "feedback.jsonl"
_SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp", "TIFF": ".tif"}
_DIGITS = 32  # of the hash, in a file's name


class Feedback:
    """A folder of images whose verdicts were not right."""

    def __init__(self, folder: str | Path, by: JudgedBy) -> None:
        """Open the folder, or make it. by: what gives the verdicts. Raises UserError where it cannot be written."""
        self.folder, self.kept = Path(folder).expanduser(), 0
        self._by = by
        try:
            for name in CLASSES:
                (self.folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"{self.folder}: cannot be made: {error.strerror}", code=ErrorCode.PATH_NOT_WRITABLE
            ) from error

    def add(self, image: ImageFile, verdict: Verdict, truth: Truth) -> bool:
        """Keep an image unless its verdict is what it is, or it was kept before; returns whether it is kept now.

        Raises UserError for one that was kept as the other before.
        """
        if verdict.decision == truth:
            return False
        name = f"{image.sha256[:_DIGITS]}{_SUFFIXES.get(image.container.format, '.img')}"
        other = self.folder / CLASSES[1 - CLASSES.index(truth)] / name
        if other.exists():
            raise UserError(
                f"{verdict.name}: is to be kept as {truth}, and was kept as the other in {other}; remove what is wrong",
                code=ErrorCode.DOMAIN_CONTRADICTORY,
            )
        path = self.folder / truth / name
        if path.exists():
            return False
        with writing(path) as temporary:
            temporary.write_bytes(image.content)
        line = {"file": f"{truth}/{name}", "truth": truth, "verdict": verdict.model_dump(), "by": self._by.model_dump()}
        with (self.folder / RECORD).open("a", encoding="utf-8") as record:
            record.write(json.dumps(line, ensure_ascii=False) + "\n")
        self.kept += 1
        return True
