"""Offline package: slices of a developing tissue in, one fitted atlas store out."""
