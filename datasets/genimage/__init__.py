"""ImageNet photographs against images by eight generators."""
