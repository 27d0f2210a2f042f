"""Metrics on frames, faces and sound, one file each."""
