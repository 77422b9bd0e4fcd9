"""What every room stands on: errors told in one line, settings checked, JSON, the record of a video."""
