"""Training recipes: what the networks are trained with, on top of the training loop."""
