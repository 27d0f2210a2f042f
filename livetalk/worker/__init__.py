"""Worker: the model in a separate process. Messages, connection, the process (torch) and its host (no torch)."""
