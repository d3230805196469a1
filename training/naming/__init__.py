"""The builder's own names, notes, colours and ontology terms for what a fit found."""
