"""Noiseprint: a residual in which photographs of one camera are alike; see README.md."""
