"""Count factorisation: loadings, proportions, their start and their number."""
