"""Portraits with parts exchanged by hand in an image editor."""
