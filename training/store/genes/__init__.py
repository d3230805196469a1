"""Genes by name, in words, ranked and in sets."""
