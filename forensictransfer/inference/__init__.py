"""Finished detectors on images of one's own."""
