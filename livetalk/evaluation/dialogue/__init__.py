"""Dialogues of several turns: held with systems, judged, and measured for turn-taking."""
