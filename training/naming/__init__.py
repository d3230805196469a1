"""What the builder gives: names, notes, colours and ontology terms, a table of orthologs."""
