"""Pixels to latents and back: one interface, several codecs."""
