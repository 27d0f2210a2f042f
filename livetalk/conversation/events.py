"""Events of a conversation, for whoever shows it: states, captions, how long an answer took, what went wrong.

Plain data that a page can be sent as JSON. Knows neither pages nor pipelines.
"""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Literal


class State(StrEnum):
    """State of the avatar. `INTERRUPTED` lasts until the interrupter has finished."""

    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"
    INTERRUPTED = "interrupted"
    RECONNECTING = "reconnecting"


@dataclass(frozen=True)
class StateChanged:
    state: State


@dataclass(frozen=True)
class Caption:
    """The words of a turn so far: of the visitor as they are understood, of the face as they are heard.

    A later caption of the same `turn` and `role` replaces an earlier one. `final`: nothing more will come.
    """

    turn: int
    role: Literal["user", "assistant"]
    text: str
    final: bool


@dataclass(frozen=True)
class LatencyBreakdown:
    """Seconds after the end of the visitor's speech at which each step of an answer was there; None: not (yet).

    `decided`: the turn was taken for over. `understood`: its words were known. `first_text`, `first_audio`: of the
    answer. `first_frame`: the first frame of the speaking face went out to the visitor.
    """

    turn: int
    decided: float | None = None
    understood: float | None = None
    first_text: float | None = None
    first_audio: float | None = None
    first_frame: float | None = None


@dataclass(frozen=True)
class Problem:
    """Something failed: which step, and a sentence that says what can be done. The conversation goes on."""

    step: Literal["listening", "transcription", "thinking", "voice", "face", "connection"]
    message: str


@dataclass(frozen=True)
class Doubt:
    """What the face is given to say will not look well (voice), or the visitor is hardly heard (listening).

    kind: for machines; message: a sentence for people.
    """

    step: Literal["voice", "listening"]
    kind: str
    message: str


Event = StateChanged | Caption | LatencyBreakdown | Problem | Doubt
NAMES = {
    StateChanged: "state",
    Caption: "caption",
    LatencyBreakdown: "waterfall",
    Problem: "problem",
    Doubt: "warning",
}


def as_message(event: Event) -> dict[str, Any]:
    """The event as JSON would have it, its kind under `type`."""
    return {"type": NAMES[type(event)], **asdict(event)}
