"""What every answer has in common: errors, caches, passwords, limits, addresses; which routes there
are."""
