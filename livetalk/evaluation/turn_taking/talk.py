"""Timing of two sides that talk on one clock: response latency, overlap, and how soon who is interrupted is silent.

Works on stretches of speech; knows neither files nor faces.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from livetalk.evaluation.turn_taking.speech_activity import SpeechSpan, merged, overlap
from livetalk.evaluation.turn_taking.tally import Tally

SILENT = 0.5  # s: an avatar that pauses for less is still speaking
EARLY = 0.25  # s: speech that begins so shortly before its turn's mark belongs to it


@dataclass(frozen=True)
class VisitorTurn:
    """A turn of the visitor: from when on it is theirs, whether they meant to speak, and the speech that is heard."""

    begin: float
    spoken: bool
    speech: tuple[SpeechSpan, ...] = ()


@dataclass(frozen=True)
class Talk:
    """Speech of both sides in a dialogue of so many seconds."""

    turns: tuple[VisitorTurn, ...]
    avatar: tuple[SpeechSpan, ...]
    seconds: float

    @property
    def visitor(self) -> tuple[SpeechSpan, ...]:
        """All speech of the visitor."""
        return tuple(span for turn in self.turns for span in turn.speech)

    @property
    def stretches(self) -> tuple[SpeechSpan, ...]:
        """Speech of the avatar, its pauses of less than 0.5 s included."""
        return merged(self.avatar, SILENT)


@dataclass(frozen=True)
class Response:
    """The avatar's first sound after a turn. wait_s: from the visitor's last sound on, below 0 where both speak.

    Of a turn without an answer it is the time that the visitor waited in vain.
    """

    wait_s: float
    answered: bool


@dataclass(frozen=True)
class Interruption:
    """The visitor's breaking in. silent_after_s: from their first sound to the avatar's silence.

    yielded: the avatar was silent before the visitor had finished.
    """

    silent_after_s: float
    yielded: bool


def with_speech(turns: Sequence[VisitorTurn], speech: Sequence[SpeechSpan]) -> tuple[VisitorTurn, ...]:
    """Turns, in order, with the visitor's speech: each stretch belongs to the latest turn that has begun."""
    begins = [turn.begin for turn in turns]
    owners = [max(0, bisect_right(begins, span.begin + EARLY) - 1) for span in speech]
    return tuple(
        VisitorTurn(
            turn.begin, turn.spoken, tuple(span for span, at in zip(speech, owners, strict=True) if at == number)
        )
        for number, turn in enumerate(turns)
    )


def responses(talk: Talk) -> list[Response]:
    """One of each turn in which the visitor is heard.

    An answer that is broken into goes on for a moment: what belongs to a stretch from before the turn answers nothing.
    """
    found: list[Response] = []
    for turn, until in _heard(talk):
        first, last = turn.speech[0].begin, turn.speech[-1].end
        answers = [span.begin for span in talk.stretches if first <= span.begin < until and span.end > last]
        wait = (answers[0] if answers else until) - last
        found.append(Response(wait, bool(answers)))
    return found


def interruptions(talk: Talk) -> list[Interruption]:
    """One of each turn that begins while the avatar speaks."""
    found: list[Interruption] = []
    for turn, _ in _heard(talk):
        onset = turn.speech[0].begin
        for span in talk.stretches:
            if span.begin < onset < span.end:
                found.append(Interruption(span.end - onset, span.end < turn.speech[-1].end))
    return found


def talk_tallies(talk: Talk) -> dict[str, Tally]:
    """Figures of a dialogue's timing, by name."""
    found, broken = responses(talk), interruptions(talk)
    spoken = sum(turn.spoken for turn in talk.turns)
    return {
        "response_latency_s": Tally(sum(response.wait_s for response in found), len(found)),
        "unanswered": Tally(spoken - sum(response.answered for response in found), spoken),
        "spoken_over": Tally(spoken_over(talk), sum(span.seconds for span in talk.visitor)),
        "interrupt_silence_s": Tally(sum(one.silent_after_s for one in broken), len(broken)),
        "yielded": Tally(sum(one.yielded for one in broken), len(broken)),
    }


def spoken_over(talk: Talk) -> float:
    """Seconds of the visitor's speech over which the avatar speaks, having begun while they spoke.

    What is left of an answer that the visitor breaks into is no fault of this kind: see `interruptions`.
    """
    over = [
        overlap([stretch], turn.speech)
        for turn, _ in _heard(talk)
        for stretch in talk.stretches
        if turn.speech[0].begin <= stretch.begin < turn.speech[-1].end
    ]
    return sum(over)


def _heard(talk: Talk) -> Iterator[tuple[VisitorTurn, float]]:
    """Turns in which the visitor is heard, each with the end of the time for its answer."""
    limits = [*(turn.speech[0].begin if turn.speech else turn.begin for turn in talk.turns[1:]), talk.seconds]
    return ((turn, until) for turn, until in zip(talk.turns, limits, strict=True) if turn.speech)
