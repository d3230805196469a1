"""What a store consists of, one element a file."""
