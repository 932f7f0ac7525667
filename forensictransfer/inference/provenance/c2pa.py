"""C2PA manifests, by c2pa-python: what a signature says of a file, and what it does not.

Each answer is another one, and none is a verdict on the picture. That there is no manifest proves nothing; a valid one
proves that the file is as its signer left it, not that what it shows happened. A signer is trusted only where the
certificate leads to one of the user's own list: none is built in.
Nothing is fetched: no manifest from elsewhere, no state of a certificate (OCSP), no identity.
Source: C2PA Technical Specification 2.4, 15 (validation) and 15.2.2 (status codes).
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.data.metadata.blocks import Blocks
from forensictransfer.data.metadata.limits import MOST_PARTS, in_short
from forensictransfer.data.metadata.xmp import DUBLIN_CORE_TERMS, Xmp
from forensictransfer.inference.provenance.findings import (
    ABSENT,
    CARELESS,
    CHECKED,
    NOT_WHO,
    NOTHING,
    STATED,
    UNREAD,
    quoted,
)
from forensictransfer.inference.provenance.source_types import in_words
from forensictransfer.results.formats.inspection import ProvenanceFinding

_log = logging.getLogger(__name__)

EXTRA = "pip install 'forensictransfer[provenance]'"
NONE, UNTRUSTED, TRUSTED = "none", "valid, signer not trusted", "valid, trusted"
CHANGED, BAD_SIGNATURE = "content changed after signing", "signature invalid"
BAD_MANIFEST, UNREADABLE = "manifest changed after signing", "manifest cannot be read"
NOT_LOOKED_AT = "not looked at"
_TYPES = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "TIFF": "image/tiff"}
_CONTENT = ("assertion.dataHash.", "assertion.boxesHash.", "assertion.bmffHash.", "assertion.collectionHash.")
_SIGNATURE = ("claimSignature.", "signingCredential.", "algorithm.")
_LARGEST_LIST = 8 << 20
_SAYS = "is no more than the signer's word"
_MOST = 4  # actions, source types and problems that are listed
_BEGIN = b"-----BEGIN CERTIFICATE-----"


def is_installed() -> bool:
    """Tell whether c2pa-python can be imported."""
    return importlib.util.find_spec("c2pa") is not None


class ManifestReader:
    """Reads C2PA manifests with one list of trusted signers."""

    def __init__(self, trust: str | Path | None = None) -> None:
        """Load the library and the list.

        trust: a PEM file of root certificates, or of signers, that are trusted.
        Raises UserError for a file that is no such list, or where c2pa-python is missing.
        """
        try:
            self._library: Any = importlib.import_module("c2pa")
        except Exception as error:  # its native part may fail to load with any error
            raise UserError(
                f"C2PA manifests need the package c2pa-python, which cannot be imported ({error}): {EXTRA}",
                code=ErrorCode.PACKAGE_MISSING,
            ) from error
        self.has_trust_list = trust is not None
        settings: dict[str, Any] = {
            "version": 1,
            "verify": {"verify_trust": True, "remote_manifest_fetch": False, "ocsp_fetch": False},
            "core": {"allowed_network_hosts": [], "decode_identity_assertions": False},
        }
        if trust is not None:
            settings["trust"] = {"trust_anchors": _trust_list(Path(trust).expanduser())}
        try:
            self._context = self._library.Context.from_dict(settings)
        except Exception as error:
            raise UserError(
                f"{trust}: expected certificates in PEM form, c2pa-python refuses them: {in_short(str(error))}",
                code=ErrorCode.FILE_INVALID,
            ) from error

    def findings(self, content: bytes, kind: str, blocks: Blocks, xmp: Xmp) -> Iterator[ProvenanceFinding]:
        """Say what the manifest of an encoded image tells. kind: JPEG, PNG, WEBP or TIFF, as the decoder has it."""
        if kind not in _TYPES:
            yield _answer(NONE, f"no manifest: {kind} files cannot hold one", ABSENT, NOTHING)
            return
        if not blocks.is_whole:  # the library takes minutes for a million parts
            words = f"not looked at: the file has more than {MOST_PARTS:,} parts"
            yield _answer(NOT_LOOKED_AT, words, UNREAD, CARELESS)
            return
        try:
            with self._library.Reader(_TYPES[kind], io.BytesIO(content), context=self._context) as reader:
                store = json.loads(reader.json())
                state = str(reader.get_validation_state())
        except Exception as error:
            yield self._not_read(error, blocks, xmp)
            return
        yield from _said_of(store, state, has_list=self.has_trust_list)

    def _not_read(self, error: Exception, blocks: Blocks, xmp: Xmp) -> ProvenanceFinding:
        """Tell apart that there is no manifest, that it lies elsewhere, and that it is damaged."""
        _log.debug("C2PA", exc_info=True)
        said = str(error)
        elsewhere = xmp.first(DUBLIN_CORE_TERMS, "provenance")
        if elsewhere and not elsewhere.startswith("self#") and not blocks.has_c2pa:
            words = f"no manifest in the file; it names one elsewhere, which is not fetched: {quoted(elsewhere)}"
            return _answer(NONE, words, STATED, "proves nothing as long as nobody has looked at it")
        if "ManifestNotFound" in said and not blocks.has_c2pa:
            return _answer(NONE, "no manifest", ABSENT, NOTHING)
        if "ManifestNotFound" in said:
            said = "its parts are there, but no whole manifest"
        return _answer(UNREADABLE, f"a manifest that cannot be read: {in_short(said)}", CHECKED, CARELESS)


def not_looked_at() -> str:
    """Say that C2PA was not looked at, and what to do about it."""
    return f"C2PA manifests were not looked at, for want of c2pa-python: {EXTRA}"


def _trust_list(path: Path) -> str:
    """Read a PEM file of certificates. Raises UserError for anything else."""
    try:
        if path.stat().st_size > _LARGEST_LIST:
            raise UserError(
                f"{path}: expected certificates in PEM form, found a file of more than 8 MB",
                code=ErrorCode.FILE_INVALID,
            )
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such file of certificates", code=ErrorCode.PATH_MISSING) from error
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read: {error.strerror or error}", code=ErrorCode.PATH_NOT_READABLE
        ) from error
    if _BEGIN not in content:
        raise UserError(
            f"{path}: expected certificates in PEM form, found no line {_BEGIN.decode()}", code=ErrorCode.FILE_INVALID
        )
    try:  # c2pa-python leaves out what it cannot read without a word; it brings this library itself
        importlib.import_module("cryptography.x509").load_pem_x509_certificates(content)
    except ValueError as error:
        raise UserError(
            f"{path}: expected certificates in PEM form, one of them cannot be read: {in_short(str(error))}",
            code=ErrorCode.FILE_INVALID,
        ) from error
    return content.decode("latin-1")


def _said_of(store: dict[str, Any], state: str, *, has_list: bool) -> Iterator[ProvenanceFinding]:
    """Put the library's report into words: the answer first, then what the signer states."""
    results = (store.get("validation_results") or {}).get("activeManifest") or {}
    failures = [str(one.get("code", "")) for one in results.get("failure") or () if isinstance(one, dict)]
    manifest = (store.get("manifests") or {}).get(store.get("active_manifest") or "") or {}
    answer = _answer_of(state, failures)
    signer = _signer(manifest)
    if answer == TRUSTED:
        yield _answer(answer, f"valid, and {signer} is in the trust list that was given", CHECKED, NOT_WHO)
    elif answer == UNTRUSTED:
        why = "is not in the trust list that was given" if has_list else "is in no trust list, none was given (--trust)"
        yield _answer(
            answer,
            f"unchanged since it was signed; {signer} {why}",
            CHECKED,
            f"{NOT_WHO}; anyone can make such a certificate",
        )
    else:
        problems = "; ".join(dict.fromkeys(code for code in failures if not code.endswith(".untrusted")))
        words = {
            CHANGED: f"the picture is not the one that was signed, or the manifest is another file's; {signer}",
            BAD_SIGNATURE: f"the signature does not fit, or its certificate is not valid; it names {signer}",
            BAD_MANIFEST: f"what the signature covers was changed in the manifest; it names {signer}",
        }.get(answer, f"the manifest is not as the standard wants it; it names {signer}")
        limits = "no proof of forgery: a program that saves the file anew is enough"
        yield _answer(answer, f"{words} ({in_short(problems or state)})", CHECKED, limits)
    if answer != UNREADABLE:
        yield from _stated_by(manifest, answer)
    broken = _broken_ingredients(store)
    if broken:
        words = f"of a file that went into it, the manifest does not hold: {', '.join(broken)}"
        yield _finding("c2pa-ingredient", CHECKED, words, "tells nothing against the file itself")


def _answer_of(state: str, failures: Sequence[str]) -> str:
    """Pick the answer: what no longer holds counts from the signature outwards."""
    if state == "Trusted":
        return TRUSTED
    if state == "Valid":
        return UNTRUSTED
    serious = [code for code in failures if code != "signingCredential.untrusted"]
    if any(code.startswith(_SIGNATURE) for code in serious):
        return BAD_SIGNATURE
    if any(
        code.startswith("assertion.hashedURI.") or code in ("assertion.missing", "claim.missing") for code in serious
    ):
        return BAD_MANIFEST
    if any(code.startswith(_CONTENT) and code.endswith(".mismatch") for code in serious):
        return CHANGED
    return UNREADABLE


def _signer(manifest: dict[str, Any]) -> str:
    info = manifest.get("signature_info") or {}
    name = info.get("common_name") or info.get("issuer")
    issuer = info.get("issuer")
    said = f"its signer {quoted(str(name), 60)}" if name else "its signer"
    if issuer and issuer != name:
        said += f" of {quoted(str(issuer), 60)}"
    return said + (f" at {str(info['time'])[:19]}" if info.get("time") else "")


def _stated_by(manifest: dict[str, Any], answer: str) -> Iterator[ProvenanceFinding]:
    """Tell what the manifest says of the file's making; only as good as its signature."""
    strength = STATED if answer in (CHANGED, BAD_SIGNATURE, BAD_MANIFEST) else f"signed: {answer}"
    generators = [
        str(one.get("name", "")) for one in manifest.get("claim_generator_info") or () if isinstance(one, dict)
    ]
    maker = " ".join(filter(None, generators)) or str(manifest.get("claim_generator") or "")
    actions, types = _actions(manifest)
    said = [f"written by {quoted(maker, 80)}"] if maker else []
    said += [f"actions {', '.join(actions[:_MOST])}{' and more' if len(actions) > _MOST else ''}"] if actions else []
    if said:
        yield _finding("c2pa-statement", strength, "; ".join(said), _SAYS)
    for value in types[:_MOST]:
        words = f"digital source type {in_words(value)}"
        yield _finding("digital-source-type", strength, words, _SAYS)


def _actions(manifest: dict[str, Any]) -> tuple[list[str], list[str]]:
    """List the actions of a manifest and the digital source types in them, each once."""
    actions, types = [], []
    for assertion in manifest.get("assertions") or ():
        data = assertion.get("data") if isinstance(assertion, dict) else None
        if not isinstance(data, dict) or not str(assertion.get("label", "")).startswith("c2pa.actions"):
            continue
        for action in data.get("actions") or ():
            if isinstance(action, dict):
                actions.append(in_short(str(action.get("action", "")), 40))
                types += [str(action["digitalSourceType"])[:200]] if action.get("digitalSourceType") else []
    return list(dict.fromkeys(actions)), list(dict.fromkeys(types))


def _broken_ingredients(store: dict[str, Any]) -> list[str]:
    codes: list[str] = []
    for delta in (store.get("validation_results") or {}).get("ingredientDeltas") or ():
        failures = ((delta.get("validationDeltas") or {}).get("failure") or ()) if isinstance(delta, dict) else ()
        codes += [str(one.get("code", "")) for one in failures if isinstance(one, dict)]
    return [in_short(code, 60) for code in dict.fromkeys(codes) if not code.endswith(".untrusted")][:_MOST]


def _answer(answer: str, words: str, strength: str, limits: str) -> ProvenanceFinding:
    return ProvenanceFinding(what="c2pa", source="C2PA", strength=strength, words=words, limits=limits, answer=answer)


def _finding(what: str, strength: str, words: str, limits: str) -> ProvenanceFinding:
    return ProvenanceFinding(what=what, source="C2PA", strength=strength, words=words, limits=limits)
