"""Where the noise is not what the image's own noise at that brightness is; see README.md."""
