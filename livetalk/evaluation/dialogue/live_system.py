"""System that lives: `livetalk serve`, started here or running elsewhere, talked to as a person at its page would.

One dialogue at a time, in real time. Knows sessions and their files; what is said when is live_dialogue.py's business.
"""

import asyncio
import contextlib
import json
import urllib.request
from collections.abc import AsyncGenerator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import livetalk
from livetalk.evaluation.dialogue.live_dialogue import HeldTurn, LiveDialogue, Patience
from livetalk.evaluation.dialogue.live_files import SessionFiles
from livetalk.evaluation.dialogue.records import DialogueRecord, TurnRecord
from livetalk.evaluation.dialogue.scenarios import Scenario, Turn
from livetalk.evaluation.dialogue.session_client import SessionClient, is_local, session
from livetalk.evaluation.dialogue.systems import DialogueJob, Forecast, SystemUnavailable, speaking_seconds
from livetalk.evaluation.served import server
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE
from livetalk.runtime.cpu import cores, processor

ANSWER_SECONDS = 12.0  # of a turn: thinking, an answer of two sentences, files
BEFORE, AFTER = 0.25, 0.5  # seconds around an answer that its video shows
LONG = ("--idle", "7200", "--minutes", "120", "--sessions", "1", "--no-udp")
ON_TIME = 0.995  # share of blocks in time from which on a session was in real time, as `bench talk` asks for
PULSE = "pulse.json"
NUMBERS = {"blocks": "livetalk_blocks_total", "late": "livetalk_blocks_late_total", "gaps": "livetalk_gaps_total"}


@dataclass(frozen=True)
class Pulse:
    """How live a session was. blocks, late: of frames, by the server's count (of all its sessions); gaps: times that
    its sound ran dry; pictures_a_second: that came here."""

    blocks: float
    late: float
    gaps: float
    pictures_a_second: float

    @property
    def in_real_time(self) -> bool:
        return self.late <= (1 - ON_TIME) * self.blocks


class LiveSystem:
    """See the module docstring. url: of a running server; None starts one with `options`, as `livetalk serve` takes
    them."""

    parallel = 1

    def __init__(
        self, name: str, url: str | None = None, options: tuple[str, ...] = (), patience: Patience | None = None
    ) -> None:
        self.name = name
        self._url, self._options, self._patience = url, options, patience or Patience()
        here = url is None or is_local(url)
        self._machine = f"{cores()} cores, {processor()}" if here else "a server elsewhere"

    def forecast(self, scenario: Scenario) -> Forecast:
        return Forecast(speaking_seconds(scenario) + ANSWER_SECONDS * len(scenario.turns))

    def check(self) -> None:
        """Nothing is known before a server is asked."""

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncGenerator[None]:
        if self._url is not None:
            yield
            return
        async with contextlib.AsyncExitStack() as stack:
            try:
                served = await stack.enter_async_context(server(*LONG, *self._options))
            except ValueError as error:
                raise SystemUnavailable(str(error)) from error
            self._url = served.url
            stack.callback(self._closed)
            yield

    def _closed(self) -> None:
        self._url = None

    async def hold(self, job: DialogueJob) -> DialogueRecord:
        assert self._url is not None, "the system is opened"
        before = await asyncio.to_thread(_numbers, self._url)
        async with session(self._url, job.portrait.read_bytes()) as client:
            dialogue = LiveDialogue(client, self._patience)
            await dialogue.hold(job.scenario.turns, job.speech)
        after = await asyncio.to_thread(_numbers, self._url)
        grown = {name: after[name] - before[name] for name in NUMBERS}
        pulse = Pulse(grown["blocks"], grown["late"], grown["gaps"], _pictures_a_second(client))
        return await asyncio.to_thread(self._written, job, client, dialogue, pulse)

    def _written(self, job: DialogueJob, client: SessionClient, dialogue: LiveDialogue, pulse: Pulse) -> DialogueRecord:
        """The record, its files written."""
        files = SessionFiles(client)
        seen = files.write_video(job.folder / "session.mp4")
        files.write_visitor(job.folder / "visitor.wav")
        (job.folder / PULSE).write_text(json.dumps(asdict(pulse)) + "\n", encoding="utf-8")
        held = dialogue.turns()
        shown = [
            name if turn.failed is None and files.write_video(job.folder / name, *_bounds(held, number)) else None
            for number, turn in enumerate(held)
            for name in [f"turn_{number + 1}.mp4"]
        ]
        turns = [_turn(*each, client) for each in zip(job.scenario.turns, held, job.said, shown, strict=True)]
        machine = f"{self._machine}, LiveTalk {livetalk.__version__}, brain {client.brain}"
        return DialogueRecord(
            job.scenario.name,
            self.name,
            machine,
            tuple(turns),
            "session.mp4" if seen else None,
            "visitor.wav",
            dialogue.events(),
        )


def read_pulse(folder: Path) -> Pulse | None:
    """How live a dialogue was; None for one that was not held live. Raises ValueError for a damaged file."""
    path = folder / PULSE
    if not path.is_file():
        return None
    try:
        return Pulse(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} is damaged: remove its folder and hold the dialogue again") from error


def _turn(asked: Turn, held: HeldTurn, said: str, shown: str | None, client: SessionClient) -> TurnRecord:
    timed = held.answer is not None and not held.silent
    return TurnRecord(
        asked.says,
        asked.language,
        said,
        shown,
        held.answered,
        _latency(held) if timed else None,
        _first_frame(held, client) if timed else None,
        held.interrupted,
        held.failed,
    )


def _bounds(held: Sequence[HeldTurn], number: int) -> tuple[float, float]:
    """Seconds of the session that a turn's video shows: its answer and a little around it, nothing of the next one;
    all of the turn where there is no answer."""
    turn = held[number]
    if turn.answer is None:
        return turn.began.clock, turn.left.clock
    later = [other.answer[0].clock for other in held[number + 1 :] if other.answer is not None]
    return turn.answer[0].clock - BEFORE, min([turn.answer[1].clock + AFTER, *(at - BEFORE for at in later)])


def _latency(held: HeldTurn) -> float:
    """Seconds from the end of the visitor's speech to the first sound."""
    assert held.answer is not None
    return round(max(0.0, held.answer[0].now - held.ended.now), 3)


def _first_frame(held: HeldTurn, client: SessionClient) -> float | None:
    """Seconds from the end of the visitor's speech until the picture came that is seen with the first sound."""
    assert held.answer is not None
    place = client.begin + held.answer[0].clock * SAMPLE_RATE
    came = [picture.now for picture in client.pictures if place - SAMPLE_RATE // FRAME_RATE < picture.pts]
    return round(max(0.0, came[0] - held.ended.now), 3) if came else None


def _pictures_a_second(client: SessionClient) -> float:
    seen = [picture.now for picture in client.pictures]
    return round((len(seen) - 1) / (seen[-1] - seen[0]), 2) if len(seen) > 1 else 0.0


def _numbers(url: str) -> dict[str, float]:
    """The server's counts. Raises SystemUnavailable where they cannot be had."""
    try:
        with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
    except OSError as error:
        raise SystemUnavailable(f"{url} cannot be reached ({error}): start `livetalk serve` there") from error
    found = dict(line.rsplit(" ", 1) for line in lines if line and line[0] != "#")
    return {name: float(found.get(metric, 0.0)) for name, metric in NUMBERS.items()}
