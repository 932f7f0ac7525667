"""Sensor noise as a fingerprint of a camera (PRNU): residual, fingerprint, search, map of where it is absent."""

THRESHOLD = 60.0  # of the peak-to-correlation energy, as in the literature
