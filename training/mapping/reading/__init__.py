"""A query as it was given, read, checked and put right, and its genes found in the atlas."""
