"""Brains: what hears a visitor and answers. One small interface (`brain.py`), one file for each kind."""
