"""Curation: from raw videos of people who talk to the conditions that a model is trained with.

Videos are cut into candidates (one person between two cuts, framed), candidates are measured and kept or dropped, what
is kept is described and encoded. Nothing here trains.
"""
