"""Talking with a face: the face as a pipecat service, brains that answer, and the bot made of both. Knows no torch."""
