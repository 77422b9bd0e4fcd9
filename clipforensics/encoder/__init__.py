"""Vision towers at a pinned revision, a family a file; CLIP's text tower; the store of embeddings."""
