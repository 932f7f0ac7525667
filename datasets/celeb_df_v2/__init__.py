"""Faces of Celeb-DF (v2): interviews of celebrities, and swaps among them."""
