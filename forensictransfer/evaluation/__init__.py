"""From scores and labels to numbers: metrics, thresholds, calibration. Arrays in, numbers out, no folders."""
