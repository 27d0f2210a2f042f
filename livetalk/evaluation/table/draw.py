"""Drawing of clips: which films of a data set, and which seconds of them, follow from a protocol with its seed.

Films are ordered by a hash of seed and name, and the place within a film by another: who lacks a few films of a
set draws the same clips of the others. Knows names and lengths only.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

STEP = 0.04  # s: places lie on pictures of 25 a second


@dataclass(frozen=True)
class DrawProtocol:
    """Protocol of a data set of films.

    clips: how many, None for all; seconds: of each; anywhere: at a drawn place of the film, not at its beginning.
    """

    name: str
    clips: int | None
    seconds: float
    anywhere: bool
    seed: int = 0

    def __str__(self) -> str:
        count = "all clips" if self.clips is None else f"{self.clips} clips"
        place = "at a drawn place" if self.anywhere else "from the beginning"
        return f"{self.name}: {count}, {self.seconds:g} s each, {place}, seed {self.seed}"


PROTOCOLS = {
    "livetalk": DrawProtocol("livetalk", 100, 5.0, anywhere=True),  # arXiv:2512.23576, table 1
    "omniavatar": DrawProtocol("omniavatar", None, 15.0, anywhere=False),  # its authors' HDTF figures
}


def shuffled(names: Sequence[str], seed: int) -> list[str]:
    """Names in an order that is the seed's own; leaving some out leaves the others in their order."""
    return sorted(names, key=lambda name: _number(f"{seed} {name}"))


def place(name: str, length: float, protocol: DrawProtocol) -> float:
    """Second at which the clip of a film of this length begins."""
    room = length - protocol.seconds
    if not protocol.anywhere or room <= 0:
        return 0.0
    share = _number(f"{protocol.seed} {name} place") / 2**64
    return round(int(share * (room / STEP + 1)) * STEP, 2)


def _number(words: str) -> int:
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:8], "big")
