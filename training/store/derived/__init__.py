"""What follows from an open atlas: lists of genes, over-representation, estimates."""
