"""Small judge: a baseline that answers a judge's requests from pictures, sound and words, without a language model."""
