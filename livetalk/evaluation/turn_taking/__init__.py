"""Turn-taking and listening, measured from the sound and the picture of dialogues that were held."""
