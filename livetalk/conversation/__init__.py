"""Conversation: the avatar as a pipecat service, brains that answer, and the bot made of both. Needs no torch."""
