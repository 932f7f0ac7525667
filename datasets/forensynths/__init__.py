"""Images by 13 generators, most of them convolutional, against the photographs they imitate."""
