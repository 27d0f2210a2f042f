"""Training recipe of the video codec: stage, losses, discriminator, last-layer finish."""
