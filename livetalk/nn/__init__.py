"""Layers shared by every network of the house."""
