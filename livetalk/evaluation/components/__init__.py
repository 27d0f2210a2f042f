"""Component ablation: what each part of the serving system buys, measured with the same weights, without training."""
