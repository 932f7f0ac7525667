"""Regions that were once saved at a lower JPEG quality than the rest; see README.md."""
