"""Dialogues for tests: short, of any turns, with sound for the visitor."""

import asyncio
from pathlib import Path

import numpy as np

from livetalk.cli.console import avatars
from livetalk.evaluation.dialogue.live_dialogue import Patience
from livetalk.evaluation.dialogue.live_system import LiveSystem
from livetalk.evaluation.dialogue.records import DialogueRecord
from livetalk.evaluation.dialogue.scenarios import Dimension, Scenario, Turn, TurnKind
from livetalk.evaluation.dialogue.systems import DialogueJob, Pcm
from livetalk.media import read_speech
from tests.helpers.session_server import Script, session_server

QUICK = Patience(answer=0.8, longest=2.0, pause=0.1)


def turn(says: str = "", kind: str = "follow_up", **more: object) -> Turn:
    """A turn; without words it is silence of 0.3 s."""
    if not says:
        return Turn(TurnKind.SILENCE, "", ("waits",), ("shouts",), "neutral", silent_s=0.3)
    return Turn(TurnKind(kind), says, ("answers",), ("shouts",), "neutral", **more)  # type: ignore[arg-type]


def scenario(*turns: Turn, name: str = "tried", dimensions: tuple[Dimension, ...] = ()) -> Scenario:
    return Scenario(name, "test", dimensions or (Dimension.OVERALL_EXPERIENCE,), "A guide meets a visitor.", turns)


def noise(seconds: float = 0.1) -> Pcm:
    return np.random.default_rng(0).integers(3_000, 9_000, round(seconds * 16_000)).astype(np.int16)


def job(folder: Path, *turns: Turn, name: str = "tried", speech: Pcm | None = None) -> DialogueJob:
    """A dialogue that may be held; its folder is made."""
    folder.mkdir(parents=True, exist_ok=True)
    said = noise() if speech is None else speech
    portrait = next(iter(avatars().values()))
    return DialogueJob(
        scenario(*turns, name=name), folder, portrait, tuple(said if t.says else said[:0] for t in turns)
    )


def held(
    folder: Path, script: Script, *turns: Turn, patience: Patience = QUICK, speech: Pcm | None = None
) -> DialogueRecord:
    async def run() -> DialogueRecord:
        async with session_server(script):
            system = LiveSystem("quick", script.url, patience=patience)
            async with system.opened():
                return await system.hold(job(folder, *turns, speech=speech))

    return asyncio.run(run())


def times(record: DialogueRecord, event: str) -> list[float]:
    return [each.time_s for each in record.events if each.event == event]


def loud(path: Path) -> np.ndarray:
    """Seconds of a file at which something is heard."""
    sound = np.concatenate(list(read_speech(path)))
    return np.flatnonzero(np.abs(sound) > 0.02) / 16_000
