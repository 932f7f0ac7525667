"""Detectors of traces in the signal: no network, little or nothing learned, a folder each with its README."""
