"""Lip sync of clips: SyncNet's published figures, and a small expert of this project that needs no download."""
