"""Flow matching as pure functions.

x_t = (1 - sigma) x_0 + sigma eps, sigma in [0, 1]; a network predicts the velocity v = eps - x_0 at the timestep
1000 sigma. Nothing here knows what the tensors show or which network predicts them.
"""
