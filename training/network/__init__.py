"""The model and its training: encoders, critics, losses, loop, checkpoints."""
