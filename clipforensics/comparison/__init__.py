"""Where detectors meet: the rows of comparison.json."""
