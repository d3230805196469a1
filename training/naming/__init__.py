"""What the builder gives: names, notes, colours, ontology terms; what is known of genes."""
