"""Text to speech with the time of every phoneme. Knows no torch, no faces and no files but its own assets."""
