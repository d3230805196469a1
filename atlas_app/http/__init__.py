"""What every answer has in common: errors, caching, compression, passwords, limits, addresses; and which routes there are."""
