"""Slices on disk to one checked collection in memory."""
