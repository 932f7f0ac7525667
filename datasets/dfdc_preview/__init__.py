"""Faces of the DFDC preview: paid actors, and swaps among them by two methods."""
