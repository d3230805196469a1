"""What the Explore page shows: its state in an address, the card of a gene."""
