"""Measures of what the models make: parity, fidelity, lip sync, speed."""
