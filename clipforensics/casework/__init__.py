"""One video, shown: the page and the case file that say why a detector said what it said."""
