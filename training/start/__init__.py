"""Where training begins: how many factors, and the factorisation that it goes on from."""
