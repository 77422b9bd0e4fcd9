"""The matrix of params.yaml (split x train set x seed), and the tables that its cells leave."""
