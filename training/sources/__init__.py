"""Published data: what exists, where, and how it becomes slices."""
