"""What else could explain a score: metadata, permuted labels, re-encoded frames; tested like detectors."""
