"""Blocks with an earlier JPEG compression on another grid than the file's, or without it; see README.md."""
