"""Detectors: one file each, all behind the contract of `base.py` and the table of `registry.py`."""
