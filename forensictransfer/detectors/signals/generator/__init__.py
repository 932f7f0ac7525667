"""Noise as a fingerprint of a generator: what its images have in common in the pixel grid, and photographs have not."""
