"""Converters: published files of one data set in, slices out; one converter per file."""
