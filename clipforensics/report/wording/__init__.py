"""How the page says it: names, numbers, sentences, tables."""
