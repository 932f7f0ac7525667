"""Damaged and hostile inputs by the thousand: images, run folders and texts of settings. See `benchmarks/fuzz.py`."""
