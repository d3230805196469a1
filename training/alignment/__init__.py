"""Sections in one frame: rigid registration by what spots share in the latent."""
