"""Conditions of a performance: speech, its windows, text and the portrait. No video, no diffusion."""
