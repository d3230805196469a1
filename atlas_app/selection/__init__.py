"""Spots that a reader chose on the map: which they are, what differs, files of them."""
