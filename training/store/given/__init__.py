"""What the atlas's builder gave: names, notes, terms, gene sets, colours, orthologs."""
