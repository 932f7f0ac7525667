"""Sensor noise as a fingerprint of a camera (PRNU): residual, fingerprint, search, map of where it is absent."""
