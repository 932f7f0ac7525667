"""Traces of the interpolation of a Bayer mosaic, and where they are missing or another pattern's; see README.md."""
