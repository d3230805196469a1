"""Factors beside each other: which are alike, where they are used, what sets their genes make."""
