"""The local brain: Whisper, a small language model and their files."""
