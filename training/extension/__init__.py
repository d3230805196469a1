"""Further slices in an atlas that is already there."""
