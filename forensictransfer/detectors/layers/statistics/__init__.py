"""Layers without weights that count and average over an image: words of residuals, block DCT, spectra."""
