"""The published form of the model, equation by equation."""
