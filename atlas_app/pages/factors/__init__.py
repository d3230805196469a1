"""The page Factors: what factors are made of, side by side, and gene sets tested in them."""
