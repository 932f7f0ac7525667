"""What image files say of themselves beside their pixels: EXIF, XMP, IPTC, texts. Read within limits, never believed.

Metadata are written by anyone and are often hostile: each reader has a limit for size, number and depth, follows no
reference twice, resolves no entity and asks nothing of the network. What is damaged or beyond a limit is left out and
said in a line. What it all means is for `inference.provenance`.
"""
