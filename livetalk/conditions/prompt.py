"""The prompt where nobody gives one."""

DEFAULT_PROMPT = "a person talks to the camera, calm and friendly"
