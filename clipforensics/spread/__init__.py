"""The matrix over the GPUs of one machine or of a Ray cluster."""
