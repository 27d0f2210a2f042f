"""Training recipes of the speech and the text encoder."""
