"""Anyone's scores through the same leak audit, from the command line."""
