"""How things are told: numbers, terms, what the builder says, cells of tables and files."""
