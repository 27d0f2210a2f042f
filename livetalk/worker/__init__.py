"""The model in a process of its own: messages, connection, the process (torch) and its host (no torch)."""
