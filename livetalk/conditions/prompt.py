"""Default prompt, used where none is given."""

DEFAULT_PROMPT = "a person talks to the camera, calm and friendly"
