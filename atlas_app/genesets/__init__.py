"""Sets of genes: from pasted text to a score of every spot."""
