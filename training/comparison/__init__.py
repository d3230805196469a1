"""A mapped query beside the reference tissue that it matches."""
