"""How a folder is read: its classes and splits, each file once, and which images belong together."""
