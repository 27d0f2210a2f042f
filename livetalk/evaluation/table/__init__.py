"""Table of systems: the same cases for every system, made, timed and measured in one way, resumable, as a report."""
