"""What the builder gives: names, notes, colours, ontology terms; orthologs, gene sets."""
