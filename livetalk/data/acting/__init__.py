"""Acting: what a rendered head does while it speaks, from phoneme times, a prompt's attributes and a seed.

Knows shapes and head poses as numbers over time. Does not know meshes, pixels, audio samples or files.
"""
