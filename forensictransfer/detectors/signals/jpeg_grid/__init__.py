"""Where the 8x8 grid of an earlier JPEG compression lies, and where it is foreign or missing; see README.md."""
