"""What the JSON files of runs and sweeps hold, each format as one typed class."""
