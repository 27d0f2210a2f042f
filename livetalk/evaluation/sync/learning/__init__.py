"""Training of the sync expert: clips to learn from, what is done to them, the loss, and the command."""
