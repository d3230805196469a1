"""The reference in the role of a query, to learn how far what is said of a query can be trusted."""
