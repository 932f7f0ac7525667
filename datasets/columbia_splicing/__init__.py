"""Uncompressed photographs with a region of another camera's photograph pasted in, with masks."""
