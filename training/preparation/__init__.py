"""From slices to the arrays that a model is fitted on, and their counts split at random."""
