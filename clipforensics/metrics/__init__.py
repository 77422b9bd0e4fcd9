"""What scores are worth: points, thresholds, calibration, strata, error lists."""
