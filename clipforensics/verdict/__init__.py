"""What the last run found, in a few lines, and where its page lies."""
