"""The recipe of the paper: teacher trajectories, ODE regression, distribution matching on self-rollouts."""
