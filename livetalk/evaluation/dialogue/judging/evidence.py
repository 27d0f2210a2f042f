"""Evidence of a dialogue as a judge is shown it: words, pictures and sound of each turn, without any name.

What is not in here cannot reach a judge: neither file nor system nor scenario has a field. Knows no requests.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from livetalk.evaluation.dialogue.scenarios import Dimension, DimensionGroup


class Modality(StrEnum):
    """What a judge may be shown of an answer."""

    FRAMES = "frames"
    SOUND = "sound"
    TRANSCRIPT = "transcript"


@dataclass(frozen=True)
class TimedFrame:
    """A picture of an answer as JPEG, and when it is seen, in seconds since the answer's video began."""

    time_s: float
    jpeg: bytes


@dataclass(frozen=True)
class Expectations:
    """What a good answer to a turn is, as its scenario says: see `scenarios.Turn`."""

    emotion: str
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    remembers: tuple[str, ...] = ()


@dataclass(frozen=True)
class TurnEvidence:
    """One turn, and the answer to it.

    says: the visitor's words, empty for silence. heard: the answer's words as speech recognition hears them, empty if
    it hears none, None if the judge is not told. sound: a wav file, empty if it is not sent. broken_into: the visitor
    speaks before the answer is over.
    """

    says: str
    expected: Expectations
    frames: tuple[TimedFrame, ...] = ()
    sound: bytes = b""
    heard: str | None = None
    broken_into: bool = False


@dataclass(frozen=True)
class Evidence:
    """A dialogue's turns, and its setting: who the avatar is and what the visitor wants."""

    setting: str
    turns: tuple[TurnEvidence, ...]

    def only(self, kinds: frozenset[Modality]) -> "Evidence":
        """The same dialogue with nothing but these kinds of evidence."""
        return replace(self, turns=tuple(_only(turn, kinds) for turn in self.turns))

    def exchanged(self, index: int, turn: TurnEvidence) -> "Evidence":
        """The same dialogue with another answer to one turn; visitor and expectations stay."""
        own = self.turns[index]
        other = replace(own, frames=turn.frames, sound=turn.sound, heard=turn.heard)
        return replace(self, turns=(*self.turns[:index], other, *self.turns[index + 1 :]))


def _only(turn: TurnEvidence, kinds: frozenset[Modality]) -> TurnEvidence:
    return replace(
        turn,
        frames=turn.frames if Modality.FRAMES in kinds else (),
        sound=turn.sound if Modality.SOUND in kinds else b"",
        heard=turn.heard if Modality.TRANSCRIPT in kinds else None,
    )


def shown(dimension: Dimension, sound: bool) -> frozenset[Modality]:
    """What the judge of a dimension is shown: content from words only, the visual from pictures only.

    sound: whether the judge hears; then, and for how natural a conversation is only, the answer's sound as well, since
    pictures alone do not tell whether lips are in time.
    """
    if dimension.group is DimensionGroup.CONTENT:
        return frozenset({Modality.TRANSCRIPT})
    if sound and dimension is Dimension.CONVERSATIONAL_NATURALNESS:
        return frozenset({Modality.FRAMES, Modality.SOUND})
    return frozenset({Modality.FRAMES})
