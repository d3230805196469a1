"""A query through the frozen encoder and loadings."""
