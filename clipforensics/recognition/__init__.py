"""Videos that show one face whatever they are called: embeddings of people, compared across parts."""
