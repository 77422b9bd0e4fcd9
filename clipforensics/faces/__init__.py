"""Where faces are in footage, and who is the same person from frame to frame."""
