"""One module per page: a layout function of the view state and its callbacks."""
