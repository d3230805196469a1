"""Genes that a section did not measure, with an accuracy known beforehand."""
