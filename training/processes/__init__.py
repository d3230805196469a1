"""Where a fit runs: its device, and several processes that take each step together."""
