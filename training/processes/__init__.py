"""Where a fit runs: its device, and several processes that take each step together, and the
cores that parts of a computation share."""
