"""What the methods share: the contract, and bases for pixels, embeddings and prompts."""
