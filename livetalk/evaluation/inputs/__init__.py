"""Measurement of the input checks: faults are planted in people, photographs and recordings, found, and counted."""
