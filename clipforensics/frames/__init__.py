"""The frame store, and which row is which frame of which video."""
