"""From slices to what the network reads: normalisation, graphs, features, corrections."""
