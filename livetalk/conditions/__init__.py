"""What a performance is conditioned on: speech, its windows, text and the portrait. No video, no diffusion."""
