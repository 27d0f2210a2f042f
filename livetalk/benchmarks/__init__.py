"""Benchmarks of speed and latency: live sessions, conversations, the full size."""
