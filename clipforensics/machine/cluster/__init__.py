"""Work on the machines of a Ray cluster, to the same bytes as here."""
