"""Contract between a model and whoever shows it: sound goes in, frames and sound come out on one clock.

Two protocols, plain data, asyncio. An `AvatarHost` opens sessions; the real one keeps the model in a worker process
(`worker/host.py`), the fake one draws (`fake.py`). Does not know: models, processes, transports.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float32, UInt8

from livetalk.avatar.blocks import Interrupted, TimedBlock, UtteranceFinished
from livetalk.geometry import SAMPLE_RATE

__all__ = [
    "AtCapacity",
    "AvatarHost",
    "AvatarItem",
    "AvatarLost",
    "AvatarRestored",
    "AvatarSession",
    "Interrupted",
    "TimedBlock",
    "UtteranceFinished",
]


def require_size(portrait: np.ndarray, *sizes: int) -> None:
    """Raises ValueError, with what to do, unless a portrait is RGB [size size 3] of one of these sizes."""
    if portrait.shape not in [(size, size, 3) for size in sizes]:
        wanted = " or ".join(f"{size} x {size} x 3" for size in sizes)
        raise ValueError(f"the portrait is {portrait.shape}: frame it to {wanted} first")


class AtCapacity(ValueError):
    """No further session fits into real time: ask again later."""


@dataclass(frozen=True)
class AvatarLost:
    """The worker died and another is being started. Nothing comes until `AvatarRestored`.

    Speech that was pushed and not yet given back in blocks is lost. `pts`: samples of the clock so far.
    """

    pts: int
    reason: str


@dataclass(frozen=True)
class AvatarRestored:
    """A new worker has taken over: frames come again, from sample `pts` of the same clock on.

    `from_snapshot`: the avatar continues from a snapshot; else it begins anew from its portrait.
    """

    pts: int
    from_snapshot: bool


AvatarItem = TimedBlock | Interrupted | UtteranceFinished | AvatarLost | AvatarRestored


class AvatarSession(Protocol):
    """One avatar's live session. For one event loop and one consumer of `items`.

    Every method raises ValueError once the session is closed. It survives the loss of its worker: its methods go on
    working, `items` tells (`AvatarLost`, `AvatarRestored`), and its clock (`pts`) never goes back.
    """

    size: tuple[int, int]  # width and height of the frames

    async def push(self, speech: Float32[np.ndarray, " n"], rate: int = SAMPLE_RATE) -> None:
        """Append a piece of speech: mono floats [n] in [-1, 1], of any length, at `rate` (8,000 to 192,000) Hz."""
        ...

    async def end(self) -> None:
        """End the utterance: pending speech is spoken without waiting for more, then `UtteranceFinished` comes."""
        ...

    async def interrupt(self) -> None:
        """Stop speaking now: `items` gives an `Interrupted` at once, then silent frames of a mouth that closes."""
        ...

    async def set_prompt(self, prompt: str) -> None:
        """Change the prompt (mood, movement), from the next block on."""
        ...

    async def pause(self) -> None:
        """Stop the session's clock until `resume`: nobody looks."""
        ...

    async def resume(self) -> None:
        """Let the clock of a paused session go on."""
        ...

    async def snapshot(self) -> bytes:
        """Copy the session's state, for `AvatarHost.open` to continue from."""
        ...

    async def close(self) -> None:
        """Close the session and free its place; `items` ends. May be called twice."""
        ...

    def items(self) -> AsyncIterator[AvatarItem]:
        """Iterate over timed blocks (0.25 s of frames and sound), each at its time, and over events.

        A block's `pts` counts samples at 16 kHz since the first one, and each begins where the one before it ends: only
        what was not given yet is replaced. Its `speech_samples` first samples are pushed speech, the rest is silence.
        """
        ...


class AvatarHost(Protocol):
    """Host of avatar sessions; one for the whole server."""

    async def open(
        self, portrait: UInt8[np.ndarray, "h w 3"], prompt: str, seed: int = 0, snapshot: bytes | None = None
    ) -> AvatarSession:
        """Open a session, or continue one from the bytes of a `snapshot`.

        portrait: RGB [size size 3], uint8, framed by `livetalk.conditions.portrait.load_portrait`. prompt: how things
        are said, in English. seed: of the noise. Raises AtCapacity when all places are taken, ValueError for a portrait
        of another size and for a snapshot of another model.
        """
        ...

    @property
    def ready(self) -> bool:
        """True while the model is loaded and its process lives. `open` may still raise `AtCapacity`."""
        ...

    @property
    def capacity(self) -> int:
        """The most sessions held at once; 0 until that is known."""
        ...

    @property
    def size(self) -> int:
        """Side of the square frames and portraits, in pixels."""
        ...

    async def start(self) -> None:
        """Load the model and wait until it is ready. Raises ValueError, with what to do, if it cannot be."""
        ...

    async def close(self) -> None:
        """Close all sessions and end the worker."""
        ...
