"""The door to a conversation: HTTP, visits with their limits, two transports, the page. Knows no torch and no model."""
