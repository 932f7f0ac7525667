"""What the codecs raise: a file that is sound in its own way, or damaged, and cannot be read here."""

from __future__ import annotations

from forensictransfer.core.errors import ErrorCode


class CodecError(Exception):
    """An image that a codec refuses: the reason in one line without the file's name, and the kind of it."""

    def __init__(self, reason: str, code: ErrorCode = ErrorCode.IMAGE_DAMAGED) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
