"""How faces are taken out of videos: which frames, how much around the face, in which shape."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from forensictransfer.core.errors import ErrorCode, UserError, nearest

SHAPES = ("square", "box")
GRID = 8  # corners and sides of crops are multiples of it: the block size of JPEG, MPEG and most of H.264


@dataclass(frozen=True)
class FaceSettings:
    """How frames are chosen and faces cropped.

    Attributes:
        per_video: frames of each video, shown in the middles of as many equal stretches of its time; None if
            `per_second` decides.
        per_second: frames of each second of the video's own clock; None if `per_video` decides.
        margin: how much larger than the face's box the crop is: 0.3 makes it 1.3 times as long, as in FaceForensics++
            (Rossler et al. 2019).
        shape: "square" (as long as the longer side of the box) or "box" (as high and as wide as the box).
        side: a fixed side in pixels, a multiple of 8, instead of margin and shape; None for a crop that grows with the
            face.
        smallest: faces whose longer side is shorter, in pixels of the frame, are skipped.
        confidence: least score of a face, above 0 and below 1.
    """

    per_video: int | None = None
    per_second: float | None = None
    margin: float = 0.3
    shape: str = "square"
    side: int | None = None
    smallest: int = 64
    confidence: float = 0.7

    def __post_init__(self) -> None:
        if self.per_video is None and self.per_second is None:
            object.__setattr__(self, "per_video", 16)
        elif self.per_video is not None and self.per_second is not None:
            raise UserError(
                "expected a number of frames per video or per second, got both", code=ErrorCode.ARGUMENTS_CONFLICT
            )
        if self.per_video is not None and self.per_video < 1:
            raise UserError(
                f"expected at least 1 frame per video, got {self.per_video}", code=ErrorCode.SETTING_INVALID
            )
        if self.per_second is not None and not 0 < self.per_second < math.inf:
            raise UserError(
                f"expected more than 0 frames per second, got {self.per_second:g}", code=ErrorCode.SETTING_INVALID
            )
        if not 0 <= self.margin <= 10:
            raise UserError(
                f"expected a margin between 0 and 10 times the face, got {self.margin:g}",
                code=ErrorCode.SETTING_INVALID,
            )
        if self.shape not in SHAPES:
            raise UserError(
                f"expected a shape out of {', '.join(SHAPES)}, got '{self.shape}'{nearest(self.shape, SHAPES)}",
                code=ErrorCode.NAME_UNKNOWN,
            )
        if self.side is not None and (self.side < GRID or self.side % GRID):
            raise UserError(
                f"expected a side that is a multiple of {GRID} pixels, got {self.side}", code=ErrorCode.SETTING_INVALID
            )
        if self.smallest < 16:
            raise UserError(
                f"expected a smallest face of at least 16 pixels, got {self.smallest}", code=ErrorCode.SETTING_INVALID
            )
        if not 0 < self.confidence < 1:
            raise UserError(
                f"expected a confidence between 0 and 1, got {self.confidence:g}", code=ErrorCode.SETTING_INVALID
            )

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain values, for reports and to see whether two runs agree."""
        return asdict(self)
