"""What the formats need beside PIL: JPEG by a decoder that reports damage, PNG without side chunks, TIFF by its layout.

`data.decode` is the one place that calls these; its head states the rules.
"""
