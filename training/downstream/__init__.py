"""What is said about a fitted atlas: domains, markers, relations, layout, enrichment."""
