"""Photographs with a region pasted in from another one or from themselves, with masks."""
