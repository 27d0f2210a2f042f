"""Calibration dialogues: good answers that are written down, spoken by the local voice and acted by the student.

A judge is believed only in what it sees go wrong in them, so they do not depend on a system under test. Needs the
`data` or `talk` extra for the voice. Knows files, a voice and a performer; no judge.
"""

import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np
from jaxtyping import Float32, UInt8

from livetalk.evaluation.clips import Player, play
from livetalk.evaluation.dialogue.judging.clips import AnswerClip
from livetalk.evaluation.dialogue.records import (
    DialogueRecord,
    TurnRecord,
    folder_of,
    is_finished,
    read_record,
    write_record,
)
from livetalk.evaluation.dialogue.scenarios import Scenario, load_scenarios
from livetalk.geometry import FRAME_RATE
from livetalk.media import read_speech
from livetalk.media.pictures import open_picture
from livetalk.media.wav import write_wav
from livetalk.voice.kokoro import RATE, Kokoro

ASSETS = Path(__file__).parents[3] / "assets"
BUNDLED = ASSETS / "judge_calibration"
SYSTEM = "calibration"
PROMPTS: Mapping[str, str] = {  # as training prompts say it
    "neutral": "a person talks to the camera with a neutral face",
    "happy": "a happy person talks to the camera with a smile",
    "sad": "a sad person talks to the camera, looking sad",
    "angry": "an angry person talks to the camera, looking angry",
    "surprised": "a surprised person talks to the camera, looking surprised",
}


@dataclass(frozen=True)
class GoodAnswers:
    """The answers of one dialogue, and who gives them: a bundled face and a voice."""

    avatar: str
    voice: str
    answers: tuple[str, ...]


class StudentStage:
    """A student that acts sounds with bundled faces, and a voice; each loaded when it is needed."""

    def __init__(self, player: Player | None = None) -> None:
        self._given = player

    def speak(self, text: str, voice: str) -> Float32[np.ndarray, " n"]:
        """At 16 kHz."""
        spoken = self._voice.speak(text, voice)
        with tempfile.TemporaryDirectory() as folder:
            path = write_wav(Path(folder) / "said.wav", spoken.audio, RATE)
            return np.concatenate(list(read_speech(path)))

    def perform(
        self, portrait: UInt8[np.ndarray, "h w 3"], sound: Float32[np.ndarray, " n"], mood: str
    ) -> UInt8[np.ndarray, "t h w 3"]:
        return play(self._player, portrait, sound, PROMPTS[mood])

    def stranger(self, portrait: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 3"]:
        """The bundled face that is least like this one, by dlib's descriptors."""
        from livetalk.evaluation.metrics import identity

        names = sorted(path.stem for path in (ASSETS / "avatars").glob("*.jpg"))
        faces = [self.portrait(name) for name in names]
        distances = identity.distances(identity.describe(np.stack(faces)), identity.describe(portrait[None])[0])
        return faces[int(np.nan_to_num(distances, nan=-1.0).argmax())]

    def portrait(self, name: str) -> UInt8[np.ndarray, "h w 3"]:
        return open_picture(ASSETS / "avatars" / f"{name}.jpg")

    @cached_property
    def _voice(self) -> Kokoro:
        return Kokoro()

    @cached_property
    def _player(self) -> Player:
        from livetalk.performer.performer import Performer

        return self._given or Performer.load()


def good_answers(path: Path = BUNDLED / "answers.toml") -> Mapping[str, GoodAnswers]:
    """Answers by their dialogue's name."""
    rows = cast("Mapping[str, Mapping[str, str | list[str]]]", tomllib.loads(path.read_text(encoding="utf-8")))
    return {
        name: GoodAnswers(str(row["avatar"]), str(row["voice"]), tuple(row["answers"])) for name, row in rows.items()
    }


def calibration_scenarios() -> tuple[Scenario, ...]:
    return load_scenarios(BUNDLED / "scenarios.toml")


def hold(out: Path, stage: StudentStage) -> Iterator[DialogueRecord]:
    """The dialogues one by one, as the system `calibration` below a folder; what is there is not made again."""
    answers = good_answers()
    for scenario in calibration_scenarios():
        folder = folder_of(out, SYSTEM, scenario.name)
        if is_finished(out, SYSTEM, scenario.name):
            yield read_record(folder / "record.json")
            continue
        folder.mkdir(parents=True, exist_ok=True)
        record = _held(folder, scenario, answers[scenario.name], stage)
        write_record(out, record)
        yield record


def _held(folder: Path, scenario: Scenario, good: GoodAnswers, stage: StudentStage) -> DialogueRecord:
    turns: list[TurnRecord] = []
    for i, (turn, text) in enumerate(zip(scenario.turns, good.answers, strict=True), 1):
        sound = stage.speak(text, good.voice)
        frames = stage.perform(stage.portrait(good.avatar), sound, turn.emotion)
        AnswerClip(frames, sound, FRAME_RATE).write(folder / f"answer_{i}.mp4")
        turns.append(TurnRecord(turn.says, turn.language, video=f"answer_{i}.mp4", answered=text))
    return DialogueRecord(scenario.name, SYSTEM, "bundled student", tuple(turns))
