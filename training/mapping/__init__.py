"""A query slice on a fitted reference: reading, encoding, judging, writing it."""
