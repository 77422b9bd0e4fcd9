"""Frames in, altered frames out: augmentation and degradation."""
