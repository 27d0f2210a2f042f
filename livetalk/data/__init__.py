"""Making talking-head data: rendered heads, acting, speech and clips. Knows nothing of models or training."""
