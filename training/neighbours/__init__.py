"""Nearest spots, in the latent or elsewhere."""
