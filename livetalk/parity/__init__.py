"""Numerical parity with the published models, and the gate that guards faster arithmetic."""
