"""Benchmark of mapping: sections left out of a reference, mapped onto it, and compared to truth."""
