"""What the fitting package and the app both reckon with: numbers in, numbers out."""
