"""What charts, pictures and the canvas draw with: colours, figures, bytes, stacks."""
