"""Messages between the process that keeps the model and its parent. Pickled, one message a dataclass.

Both are ours and of one version, over a socket pair that nobody else can reach. Frames do not travel in messages:
they lie in shared memory, in slots that the parent hands back. No torch.
"""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from jaxtyping import UInt8

from livetalk.avatar.blocks import TimedBlock
from livetalk.geometry import FrameSize

SLOT_FRAMES = 4  # a slot holds the frames of one piece, which is one latent frame
MAX_TRIES = 4  # times a session is opened again without a snapshot in between, before it is given up


@dataclass(frozen=True)
class Load:
    """The first message: which model. `places`: sessions at once; None: as many as fit into real time.

    size: of frames and portraits.
    """

    preset: str
    weights: str | None
    places: int | None
    size: FrameSize = "coded"


@dataclass(frozen=True)
class Open:
    session: int
    portrait: np.ndarray
    prompt: str
    seed: int
    snapshot: bytes | None


@dataclass(frozen=True)
class Push:
    session: int
    speech: np.ndarray
    rate: int


@dataclass(frozen=True)
class End:
    session: int


@dataclass(frozen=True)
class Interrupt:
    session: int


@dataclass(frozen=True)
class SetPrompt:
    session: int
    prompt: str


@dataclass(frozen=True)
class Pause:
    session: int


@dataclass(frozen=True)
class Resume:
    session: int


@dataclass(frozen=True)
class TakeSnapshot:
    session: int
    request: int


@dataclass(frozen=True)
class Close:
    session: int


@dataclass(frozen=True)
class ReleaseSlot:
    """The parent has read a slot."""

    session: int
    slot: int


Command = Load | Open | Push | End | Interrupt | SetPrompt | Pause | Resume | TakeSnapshot | Close | ReleaseSlot


@dataclass(frozen=True)
class Loaded:
    """The model is ready; the shared memory has so many slots of `SLOT_FRAMES` frames of `size` x `size` x 3."""

    places: int
    size: int
    slots: int


@dataclass(frozen=True)
class NotLoaded:
    """The process ends: it cannot load the model."""

    message: str


@dataclass(frozen=True)
class Opened:
    session: int


@dataclass(frozen=True)
class OpenRejected:
    """A session was not opened. `full`: for lack of a place."""

    session: int
    message: str
    full: bool


@dataclass(frozen=True)
class BlockReady:
    """A timed block whose `count` frames lie in slot `slot`: `block.frames` itself is empty."""

    session: int
    block: TimedBlock
    slot: int
    count: int


@dataclass(frozen=True)
class SpeechInterrupted:
    session: int
    pts: int


@dataclass(frozen=True)
class SpeechFinished:
    session: int
    pts: int


@dataclass(frozen=True)
class Snapshot:
    """An answer to `TakeSnapshot`; no data if the session could not give one."""

    session: int
    request: int
    data: bytes | None


@dataclass(frozen=True)
class Failed:
    """The session broke; it is closed."""

    session: int
    message: str


@dataclass(frozen=True)
class CommandRejected:
    """An order could not be followed; the session goes on."""

    session: int
    message: str


@dataclass(frozen=True)
class Heartbeat:
    """The process lives."""


WorkerEvent = (
    Loaded
    | NotLoaded
    | Opened
    | OpenRejected
    | BlockReady
    | SpeechInterrupted
    | SpeechFinished
    | Snapshot
    | Failed
    | CommandRejected
    | Heartbeat
)


def without_frames(block: TimedBlock) -> TimedBlock:
    """The block as it travels in `BlockReady`."""
    return replace(block, frames=block.frames[:0].copy())


class Commands(Protocol):
    """Channel of commands to a worker process, as a session needs it."""

    @property
    def ready(self) -> bool:
        """True while there is a process that follows commands."""
        ...

    def tell(self, order: Command) -> None:
        """Send a command, if there is anybody to follow it."""
        ...

    async def ask_open(self, order: Open) -> None:
        """Open a session in the process. Raises AtCapacity, ValueError, TimeoutError or ConnectionError."""
        ...

    async def ask_snapshot(self, order: TakeSnapshot) -> bytes | None:
        """A session's memory; None if there is none to be had now."""
        ...

    def forget(self, session: int) -> None:
        """The session is closed."""
        ...

    def renumber(self, session: int) -> int:
        """Another number for a session, so that a late answer to what it asked is nobody's and is undone."""
        ...

    def read(self, report: BlockReady) -> UInt8[np.ndarray, "t h w 3"]:
        """The frames of a report, copied; their slot is free again."""
        ...

    def leave(self, report: BlockReady) -> None:
        """The frames of a report are not wanted any more."""
        ...
