"""Photographs by the camera that took them: what is learned from where nothing is forged."""
