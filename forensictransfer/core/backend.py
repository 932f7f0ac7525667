"""TensorFlow without the notices that its C++ part prints while it is loaded."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile


def prepare_tensorflow() -> None:
    """Set what TensorFlow and Keras read when imported: warnings only, and the right backend. Loads nothing itself."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["KERAS_BACKEND"] = "tensorflow"


def import_tensorflow() -> None:
    """Import TensorFlow and Keras (some seconds) and drop what they print on stderr; it is shown if they fail.

    No variable silences the notice on oneDNN short of switching oneDNN off, so the file descriptor is turned aside.
    """
    prepare_tensorflow()
    if "keras" in sys.modules and "tensorflow" in sys.modules:
        return
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
