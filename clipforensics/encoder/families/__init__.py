"""Kinds of vision transformers, one a file: what each is made of, and what its embeddings are."""
