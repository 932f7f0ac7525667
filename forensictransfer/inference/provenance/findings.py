"""How a finding is put: what it rests on and what it does not prove, in the same few sentences everywhere."""

from __future__ import annotations

from forensictransfer.data.metadata.limits import in_short
from forensictransfer.results.formats.inspection import ProvenanceFinding

STATED = "stated by the file, unsigned"
CONTRADICTION = "two statements of the file that do not fit"
COMPARED = "compared with the pixels"
CHECKED = "checked by cryptography"
ABSENT = "looked for and not there"
UNREAD = "not read"

ANYONE = "anyone can write or copy it"
NOT_WHO = "no proof of who made the picture, nor that it shows what happened"
CLOCKS = "no proof of forgery: clocks are set wrong, and programs copy old entries"
CARELESS = "no proof of forgery: careless programs damage metadata too"
EDITED = "no proof of forgery: saving, cutting and retouching leave the same"
NOTHING = "proves nothing: most files have none, and it is easily removed"


def stated(what: str, source: str, words: str, limits: str = ANYONE) -> ProvenanceFinding:
    """Make a finding of something that the file says."""
    return ProvenanceFinding(what=what, source=source, strength=STATED, words=words, limits=limits)


def contradiction(what: str, source: str, words: str, limits: str = EDITED) -> ProvenanceFinding:
    """Make a finding of two statements that cannot both be right."""
    return ProvenanceFinding(what=what, source=source, strength=CONTRADICTION, words=words, limits=limits)


def quoted(text: str, most: int = 100) -> str:
    """Quote what a file says, in one line."""
    return f"'{in_short(text, most)}'"
