"""Text normalisation: what is written becomes words that a voice can say. `normalise.speakable` is the way in."""
