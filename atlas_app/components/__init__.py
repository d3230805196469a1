"""What pages are made of: parts, tables, identifiers, faults."""
