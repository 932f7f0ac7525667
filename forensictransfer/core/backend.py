"""TensorFlow without the notices that its C++ part prints while it is loaded."""

from __future__ import annotations

import importlib
import logging
import os
import sys
import tempfile
import time

from forensictransfer.core.errors import ErrorCode, UserError

_log = logging.getLogger(__name__)


def prepare_tensorflow() -> None:
    """Set what TensorFlow and Keras read when imported: warnings only, and the backend. Load nothing.

    Raises UserError if Keras was told, or has begun, to run on another backend: layers and training here are written
    for TensorFlow.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    asked = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    loaded = sys.modules.get("keras")
    running = loaded.backend.backend() if loaded is not None and hasattr(loaded, "backend") else "tensorflow"
    for found, where in ((asked, "KERAS_BACKEND is set to"), (running, "Keras was imported with")):
        if found != "tensorflow":
            raise UserError(
                f"{where} '{found}': expected 'tensorflow', which the detectors are written for; unset it",
                code=ErrorCode.BACKEND_UNSUPPORTED,
            )


def import_tensorflow() -> None:
    """Import TensorFlow and Keras (some seconds) and drop what they print on stderr; it is shown if they fail.

    No variable silences the notice on oneDNN short of switching oneDNN off, so the file descriptor is turned aside.
    """
    prepare_tensorflow()
    if "keras" in sys.modules and "tensorflow" in sys.modules:
        return
    began = time.monotonic()
    sys.stderr.flush()
    with tempfile.TemporaryFile() as notices:
        kept = os.dup(2)
        os.dup2(notices.fileno(), 2)
        try:
            importlib.import_module("tensorflow")
            importlib.import_module("keras")
        except BaseException:
            notices.seek(0)
            os.write(kept, notices.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
    _log.debug("TensorFlow is loaded, after %.1f s", time.monotonic() - began)
