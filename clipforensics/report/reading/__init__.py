"""What the page is told: the files of a run, read into records."""
