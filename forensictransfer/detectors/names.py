"""The registered detectors by name, readable without loading TensorFlow: settings and `--help` check names here."""

from __future__ import annotations

DETECTORS = {
    "ft-res": "ForensicTransfer on third-order high-pass residuals (Cozzolino and others, 2018)",
    "ft": "ForensicTransfer on RGB pixels (Cozzolino and others, 2018)",
}
