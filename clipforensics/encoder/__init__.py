"""CLIP's towers at a pinned revision, and the store of embeddings."""
