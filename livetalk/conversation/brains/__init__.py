"""Brains: they hear a visitor's turn and answer it. One small interface (`base.py`), one file for each kind."""
