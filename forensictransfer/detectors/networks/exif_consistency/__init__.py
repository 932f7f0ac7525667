"""EXIF self-consistency: patches of one photograph agree in what its EXIF entries would say; see README.md."""
