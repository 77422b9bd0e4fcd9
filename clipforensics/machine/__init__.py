"""This machine: workers side by side, which GPU, what survives a kill."""
