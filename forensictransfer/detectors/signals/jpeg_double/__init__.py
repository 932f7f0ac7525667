"""Blocks that were compressed once in a JPEG whose others were compressed twice on the same grid; see README.md."""
