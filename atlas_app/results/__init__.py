"""A mapped section: read, drawn, put into words, tables and a report."""
