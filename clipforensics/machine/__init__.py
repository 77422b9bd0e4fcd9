"""This machine: pinned kernels, workers side by side, which GPU, what survives a kill."""
