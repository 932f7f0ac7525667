"""A domain's images written once more, both classes alike, so that format, quality and size separate nothing."""
