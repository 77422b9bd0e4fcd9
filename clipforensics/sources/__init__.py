"""One file a data set layout: where its videos lie, and what their names say."""
