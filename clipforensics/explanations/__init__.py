"""Errors of one kind; where in a frame a score came from."""
