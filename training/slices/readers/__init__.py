"""Readers of slices: files and folders in, sources out."""
