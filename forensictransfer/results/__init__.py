"""Every format on disk, read and written here alone."""
