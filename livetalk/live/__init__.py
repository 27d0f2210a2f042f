"""Live sessions: the engine that steps them in time, their state, faults, drift and snapshots."""
