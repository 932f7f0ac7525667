"""Regions that occur twice in an image, exactly or nearly; see README.md."""
