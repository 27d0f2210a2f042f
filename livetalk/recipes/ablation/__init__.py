"""Ablation of the training recipe: the paper's four improvements, one by one, at the scale of a preset."""
