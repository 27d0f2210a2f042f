"""What a process that keeps the model and its parent tell each other. Pickled, one message a dataclass.

Both are ours and of one version, over a socket pair that nobody else can reach. Frames do not travel in messages:
they lie in shared memory, in slots that the parent hands back. No torch.
"""

from dataclasses import dataclass

import numpy as np

from livetalk.avatar.blocks import BlockTimings

SLOT_FRAMES = 4  # a slot holds the frames of one piece, which is one latent frame


@dataclass(frozen=True)
class Load:
    """The first message: which model. `places`: sessions at once; None: as many as fit into real time."""

    preset: str
    weights: str | None
    places: int | None


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
    """A timed block (see `TimedBlock`), its `count` frames in slot `slot`."""

    session: int
    slot: int
    count: int
    index: int
    first_frame: int
    audio: np.ndarray
    speaking: bool
    revised: bool
    held: bool
    said: int
    timings: BlockTimings


@dataclass(frozen=True)
class SpeechInterrupted:
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
    | Snapshot
    | Failed
    | CommandRejected
    | Heartbeat
)
