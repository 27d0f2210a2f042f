"""Attention kernels, 8-bit arithmetic, oneDNN packing and CUDA graphs: faster ways to the same numbers."""
