"""Dialogue held live: the visitor speaks when it is their turn, waits for the answer, hears it out or breaks in.

Decides what is said when, by what is heard and by the states that the server tells; and says afterwards what became of
each turn. Knows no files.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeGuard, get_args

from livetalk.evaluation.dialogue.records import DialogueEvent, EventName
from livetalk.evaluation.dialogue.scenarios import Turn
from livetalk.evaluation.dialogue.session_client import Moment, SessionClient, SessionEnded
from livetalk.evaluation.dialogue.systems import Pcm

STILL = 10.0  # seconds of silence after which an answer is over whatever the server says
SETTLES = 1.0  # seconds that a problem is waited with: an answer may come all the same
NOT_HELD = "it was not held: the session had ended"


@dataclass(frozen=True)
class Patience:
    """Seconds that the visitor waits for an answer to begin, that they listen to one at the most, and of the avatar's
    silence, when it listens again, after which they go on."""

    answer: float = 30.0
    longest: float = 60.0
    pause: float = 0.8


@dataclass(frozen=True)
class HeldTurn:
    """What became of a turn. began, ended: of the visitor's speech or silence; left: when the visitor was done with it.

    answer: its first and last sound.
    """

    began: Moment
    ended: Moment
    left: Moment
    answer: tuple[Moment, Moment] | None = None
    interrupted: bool = False
    failed: str | None = None
    answered: str | None = None
    silent: bool = False


class LiveDialogue:
    """See the module docstring. `hold` it, then ask for its `turns` and `events`."""

    def __init__(self, client: SessionClient, patience: Patience) -> None:
        self._client, self._patience = client, patience
        self._held: list[HeldTurn] = []

    async def hold(self, turns: Sequence[Turn], speech: Sequence[Pcm]) -> None:
        """Hold all turns. A session that the server ends fails the turn, and those behind it."""
        for turn, pcm in zip(turns, speech, strict=True):
            began = self._client.moment()
            try:
                self._held.append(await self._turn(turn, pcm))
            except SessionEnded as error:
                now = self._client.moment()
                why = str(error) if not self._held or self._held[-1].failed is None else NOT_HELD
                self._held.append(HeldTurn(began, now, now, failed=why))

    def turns(self) -> list[HeldTurn]:
        """The turns, with all that was heard of each answer and its words."""
        return [self._whole(number, turn) for number, turn in enumerate(self._held)]

    def events(self) -> tuple[DialogueEvent, ...]:
        """What happened, in order, on the clock of the session."""
        found = [_event(at, word) for at, word in self._client.states() if _is_event(word)]
        told = [(at, str(message["type"])) for at, message in self._client.messages]
        found += [_event(at, word) for at, word in told if word == "problem" or word == "ended"]
        for number, turn in enumerate(self.turns()):
            found += self._marks(number, turn)
        return tuple(sorted(found, key=lambda event: event.time_s))

    def _marks(self, number: int, turn: HeldTurn) -> list[DialogueEvent]:
        marks = [_event(turn.began, "turn")]
        if not turn.silent:
            marks += [_event(turn.began, "visitor_began"), _event(turn.ended, "visitor_ended")]
        if number and self._held[number - 1].interrupted:
            marks.append(_event(turn.began, "interrupting"))
        if turn.answer is not None:
            marks += [_event(turn.answer[0], "answer_began"), _event(turn.answer[1], "answer_ended")]
        return marks

    async def _turn(self, turn: Turn, pcm: Pcm) -> HeldTurn:
        client = self._client
        if len(pcm):
            began, ended = await client.say(pcm)
            first = await self._first_sound(began)
        else:
            began = client.moment()
            await client.wait(lambda: bool(client.loud(began.now)), turn.silent_s)
            first, ended = next(iter(client.loud(began.now)), None), client.moment()
        if first is None:
            why = None if not len(pcm) else self._why_silent(ended)
            return HeldTurn(began, ended, client.moment(), failed=why, silent=not len(pcm))
        limit = self._patience.longest if turn.interrupts_after is None else turn.interrupts_after
        over = await client.wait(lambda: self._is_over(first), max(0.0, first.now + limit - client.moment().now))
        return HeldTurn(began, ended, client.moment(), (first, first), interrupted=not over, silent=not len(pcm))

    async def _first_sound(self, since: Moment) -> Moment | None:
        """The first sound of the answer to what was just said; None if there is none in time."""
        client, ended = self._client, self._client.now

        def ready() -> bool:
            return self._answer_since(since) is not None or self._has_given_up(ended)

        await client.wait(ready, self._patience.answer)
        return self._answer_since(since)

    def _answer_since(self, since: Moment) -> Moment | None:
        """The first sound after the server began to think for the last time; an answer that was broken off, since the
        visitor had only drawn breath, is none."""
        states = self._client.states(since.now)
        thoughts = [number for number, (_, state) in enumerate(states) if state == "thinking"]
        if not thoughts:
            return None
        later = [state for _, state in states[thoughts[-1] + 1 :]]
        if "interrupted" in later or later[:1] == ["listening"]:
            return None
        return next(iter(self._client.loud(states[thoughts[-1]][0].now)), None)

    def _has_given_up(self, since: float) -> bool:
        """True if a step failed, the server listens again, and nothing came."""
        problems = [at for at, message in self._client.messages if message["type"] == "problem" and at.now > since]
        if not problems or self._client.now - problems[-1].now < SETTLES:
            return False
        return self._state() == "listening"

    def _why_silent(self, since: Moment) -> str:
        told = [
            str(message["message"])
            for at, message in self._client.messages
            if message["type"] == "problem" and at.now > since.now
        ]
        return told[-1] if told else f"nothing was heard within {self._patience.answer:g} s"

    def _is_over(self, first: Moment) -> bool:
        quiet = self._client.now - self._client.loud(first.now)[-1].now
        return quiet > STILL or (quiet > self._patience.pause and self._state() == "listening")

    def _state(self) -> str:
        states = self._client.states()
        return states[-1][1] if states else "listening"

    def _whole(self, number: int, turn: HeldTurn) -> HeldTurn:
        later = self._held[number + 1] if number + 1 < len(self._held) else None
        if turn.answer is None:
            return turn
        first, _ = turn.answer
        thoughts = [at.now for at, state in self._client.states() if state == "thinking" and at.now <= first.now]
        since = max([turn.began.now, *thoughts])
        words = self._words(since, None if later is None else later.began.now)
        end = self._next_thought(later) if later is not None else float("inf")
        heard = [at for at in self._client.loud(first.now) if at.now < end]
        return replace(turn, answer=(first, heard[-1]), answered=words)

    def _next_thought(self, later: HeldTurn) -> float:
        """When the server began to think about the turn after this one: what was heard before belongs to this one."""
        thoughts = [at.now for at, state in self._client.states(later.began.now) if state == "thinking"]
        return thoughts[0] if thoughts else later.left.now

    def _words(self, since: float, until: float | None) -> str | None:
        """The words of the answers whose captions began in this time, as far as they were heard."""
        texts: dict[object, str] = {}
        begun: dict[object, float] = {}
        for at, message in self._client.messages:
            if message["type"] == "caption" and message["role"] == "assistant":
                begun.setdefault(message["turn"], at.now)
                texts[message["turn"]] = str(message["text"])
        mine = [texts[turn] for turn, at in begun.items() if at >= since and (until is None or at < until)]
        return " ".join(mine) or None


def _event(at: Moment, word: EventName) -> DialogueEvent:
    return DialogueEvent(round(at.clock, 3), word)


def _is_event(word: str) -> TypeGuard[EventName]:
    return word in get_args(EventName)
