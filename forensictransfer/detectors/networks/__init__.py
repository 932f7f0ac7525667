"""Detectors that are Keras networks on crops, one file each, and the parts that several of them share."""
