"""Splices in photographs that went through a camera and its files before: mosaic, JPEG twice, a crop, resizing."""
