"""Layers that know tensors only: attention, rotary positions, the key-value cache, causal convolution."""
