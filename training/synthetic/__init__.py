"""Simulated tissue with known truth."""
