"""Searching for settings: of an adaptation among the shots alone, of a training on its source's validation split."""
