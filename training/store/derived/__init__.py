"""What follows from an open atlas: lists of genes, over-representation, loadings of all genes,
estimates by them, and which slices are of one specimen."""
