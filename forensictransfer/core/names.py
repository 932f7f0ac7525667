"""Names as folders: one reversible encoding, so that two names never share a folder and none leads out of its parent.

Letters of any script, digits and `_ + - .` stand for themselves, everything else as `%` and the hexadecimal digits of
its UTF-8 bytes, as in the address of a page: `my set` lies in `my%20set`, and `my_set` in `my_set`. Version 0.1 wrote
`_` for every run of other signs; the domains of the data sets that came with it keep that folder:
`forged_photos/splice` lies in `forged_photos_splice`, and a domain called `forged_photos_splice` in
`forged_photos%5Fsplice`.
"""

from __future__ import annotations

import re
import unicodedata

from forensictransfer.core.errors import ErrorCode, UserError

LONGEST = 200  # bytes of a folder's name; file systems hold 255, and files in passing have longer names
# Data sets of version 0.1, whose domains SET/NAME lie in SET_NAME. Fixed: another set would move folders of users.
_JOINED = (
    *("casia_v2", "celeb_df_v2", "ciplab_faces", "columbia_splicing", "dfdc_preview", "diffusionforensics"),
    *("faceforensics", "faces_140k", "forensynths", "forged_photos", "genimage", "glow_celeba", "stargan_celeba"),
)
_PLAIN = re.compile(r"[\w.+-]")
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE | re.DOTALL)


def check_name(name: str, where: str) -> None:
    """Raise UserError for a name that can be nobody's: empty, dots alone, a device of Windows, or too long.

    where: what is called so, for the message.
    """
    shown = name if len(name) <= 40 else f"{name[:40]}..."
    if not name.strip():
        problem = "is empty"
    elif not name.strip(". \t"):
        problem = f"'{shown}' is made of dots alone, which file systems read as a folder of their own"
    elif _DEVICES.fullmatch(name.strip()):
        problem = f"'{shown}' is reserved on Windows, where no file can be called so"
    elif len(encode_name(name).encode("utf-8", "surrogatepass")) > LONGEST:
        problem = f"'{shown}' is too long for a folder (at most {LONGEST} bytes; signs such as blanks take three each)"
    else:
        return
    raise UserError(
        f"{where}: the name {problem}; give it another one (name: ... in a domain file)",
        code=ErrorCode.NAME_UNSUITABLE,
    )


def encode_name(name: str) -> str:
    """Return the folder's name for a name of any characters; `decode_name` gives the name back.

    Raises UserError for the empty name, which could only be the parent itself.
    """
    if not name:
        raise UserError("expected a name, got an empty one", code=ErrorCode.NAME_UNSUITABLE)
    head = next((one for one in _JOINED if name.startswith((f"{one}/", f"{one}_"))), None)
    if head is None:
        text = _escaped(name)
    else:
        text = f"{head}{'_' if name[len(head)] == '/' else _escape('_')}{_escaped(name[len(head) + 1 :])}"
    # Hidden files are in passing, and Windows drops dots at the end.
    if text[0] == ".":
        text = _escape(".") + text[1:]
    if text[-1] == ".":
        text = text[:-1] + _escape(".")
    if _DEVICES.fullmatch(text):
        text = _escape(text[0]) + text[1:]
    return text


def decode_name(folder: str) -> str:
    """Return the name that `encode_name` made a folder's name of; for other folders something near it.

    A file system that hands names back decomposed (macOS) makes no difference.
    """
    text = unicodedata.normalize("NFC", folder)
    head = next((one for one in _JOINED if text.startswith(f"{one}_")), None)
    if head is not None:
        return f"{head}/{_unescaped(text[len(head) + 1 :])}"
    return _unescaped(text)


def legacy_folder(name: str) -> str:
    """Return the folder's name that version 0.1 gave a name, which others may have shared."""
    return re.sub(r"[^\w.+-]+", "_", name).strip(".")


def folded(name: str) -> str:
    """Return what is left of a name on file systems that know neither case nor the two spellings of an accent."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def _escaped(name: str) -> str:
    kept = "".join(one if _PLAIN.match(one) and unicodedata.normalize("NFC", one) == one else "%" for one in name)
    # Letters that would merge with their neighbours into others are written out.
    stable = unicodedata.normalize("NFC", kept) == kept
    return "".join(
        sign if keep != "%" and (stable or sign.isascii()) else _escape(sign)
        for sign, keep in zip(name, kept, strict=True)
    )


def _escape(sign: str) -> str:
    return "".join(f"%{byte:02X}" for byte in sign.encode("utf-8", "surrogatepass"))


def _unescaped(text: str) -> str:
    return re.sub(
        r"(?:%[0-9A-F]{2})+",
        lambda found: bytes.fromhex(found.group().replace("%", "")).decode("utf-8", "surrogatepass"),
        text,
    )
