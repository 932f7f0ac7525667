"""Blocks whose residual statistics are not those of the rest of the image; see README.md."""
