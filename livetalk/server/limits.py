"""How much one visitor may take: plain numbers. Knows nobody."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ServerLimits:
    """`sessions`: at once, 0 for as many as the performer holds. Times in seconds, sizes in bytes."""

    sessions: int = 0
    duration: float = 1800.0
    idle: float = 180.0  # without a word from the visitor, spoken or written
    unconnected: float = 30.0  # between asking for a session and connecting, and after a connection was lost
    upload: int = 8_000_000
    pixels: int = 40_000_000
    body: int = 256_000  # of a request that is no upload
    messages: int = 60  # of a page in ten seconds
    drain: float = 20.0  # after SIGTERM, for answers to be finished
