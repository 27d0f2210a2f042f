"""Web server of conversations: HTTP API, sessions with their limits, two transports, the page. Needs no torch."""
