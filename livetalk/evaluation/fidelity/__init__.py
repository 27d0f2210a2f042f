"""Fidelity of talking videos: the distances, scores and faults that the field reports, each named by its protocol."""
