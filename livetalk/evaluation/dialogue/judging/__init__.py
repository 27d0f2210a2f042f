"""Judging of recorded dialogues by a vision-language model behind OpenAI's protocol, and the controls it must pass."""
