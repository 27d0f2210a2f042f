"""Limits of what one visitor may use, as plain numbers."""

from dataclasses import dataclass
from typing import Annotated

from livetalk.options import Option


@dataclass(frozen=True)
class ServerLimits:
    """`sessions`: at once, 0 for as many as the performer holds. Times in seconds, sizes in bytes."""

    sessions: Annotated[int, Option("Visitors at once; 0: as many as fit.", min=0)] = 0
    duration: float = 1800.0
    idle: Annotated[  # spoken or written
        float, Option("Seconds without a word that end one.", min=5)
    ] = 180.0
    unconnected: float = 30.0  # between asking for a session and connecting, and after a connection was lost
    upload: int = 8_000_000
    pixels: int = 50_000_000  # of a picture: a phone's largest
    body: int = 256_000  # of a request that is no upload
    messages: int = 60  # of a page in ten seconds
    drain: float = 20.0  # after SIGTERM, for answers to be finished
