"""Dialogues for tests of judging: small videos, records of them, evidence with bundled faces, and verdicts."""

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from livetalk.evaluation.dialogue.judging.clips import AnswerClip
from livetalk.evaluation.dialogue.judging.evidence import Evidence, Expectations, TimedFrame, TurnEvidence
from livetalk.evaluation.dialogue.judging.hearing import TimedWord
from livetalk.evaluation.dialogue.records import DialogueRecord, TurnRecord, folder_of, write_record
from livetalk.evaluation.dialogue.scenarios import Dimension, Scenario, Turn, TurnKind
from livetalk.evaluation.dialogue.scoring.results import DimensionScores, JudgedDialogue, JudgedTurn, JudgeNote, Judging
from livetalk.media.wav import wav_bytes

AVATARS = Path(__file__).parents[2] / "livetalk" / "assets" / "avatars"
RATE = 16
LENGTHS = (16, 22, 28)

SCENARIO = Scenario(
    "greeting_and_name",
    "development",
    (Dimension.CONTEXT_UNDERSTANDING,),
    "A gardener talks to a neighbour.",
    (
        Turn(TurnKind.GREETING, "Hello, I am Peter. When do roses flower?", ("greets Peter", "roses flower in June"),
             ("roses never flower",), "happy"),
        Turn(TurnKind.EMOTIONAL_SHIFT, "My old cat died.", ("is sorry about the cat",), ("laughs",), "sad"),
        Turn(TurnKind.REFERENCE_BACK, "Write a label for me.", ("writes a label",), ("refuses",), "neutral",
             remembers=("the visitor is called Peter",)),
    ),
)  # fmt: skip
ANSWERS = ("Hello Peter, roses flower in June.", "I am sorry about the cat.", "I write a label for Peter.")


class FakeHearing:
    """Hears what a clip's length, in sixteenths of a second, says: so files carry words through every edit."""

    def __init__(self, by_length: dict[int, str]) -> None:
        self.by_length = by_length

    def words(self, sound: np.ndarray, language: str) -> str:
        length = len(sound) / 1000
        nearest = min(self.by_length, key=lambda one: abs(one - length), default=0)
        return self.by_length[nearest] if abs(nearest - length) < 3 and np.abs(sound).max() > 0 else ""

    def timed(self, sound: np.ndarray) -> list[TimedWord]:
        return [TimedWord("Peter", 0.2, 0.4)]


def moving(color: Sequence[int] = (90, 120, 60), frames: int = 16, size: int = 64) -> np.ndarray:
    """Frames [t h w 3] in which a bright square wanders."""
    found = np.full((frames, size, size, 3), color, np.uint8)
    for i in range(frames):
        found[i, 20:40, 2 * i : 2 * i + 20] = 230
    return found


def clip(frames: int = 16, color: Sequence[int] = (90, 120, 60)) -> AnswerClip:
    time = np.arange(frames * 1000) / 16_000
    return AnswerClip(moving(color, frames), (0.3 * np.sin(2 * np.pi * 200 * time)).astype(np.float32), RATE)


def hold(
    out: Path, system: str = "ours", scenario: Scenario = SCENARIO, lengths: Sequence[int] = LENGTHS
) -> DialogueRecord:
    """A record with a small video for each turn."""
    folder = folder_of(out, system, scenario.name)
    folder.mkdir(parents=True)
    turns: list[TurnRecord] = []
    for i, (turn, frames) in enumerate(zip(scenario.turns, lengths, strict=True), 1):
        clip(frames).write(folder / f"answer_{i}.mp4")
        turns.append(TurnRecord(turn.says, turn.language, video=f"answer_{i}.mp4", latency_s=0.5 * i))
    record = DialogueRecord(scenario.name, system, "a machine", tuple(turns))
    write_record(out, record)
    return record


@cache
def face(name: str = "lena", side: int = 160) -> Image.Image:
    return Image.open(AVATARS / f"{name}.jpg").convert("RGB").resize((side, side))


def jpeg(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=90)
    return file.getvalue()


def swaying(name: str = "lena", frames: int = 8, frozen: int = 0) -> tuple[TimedFrame, ...]:
    """Pictures of a bundled face that sways, the last ones of which stand still."""
    shown: list[TimedFrame] = []
    for i in range(frames):
        angle = 6 * np.sin(1.3 * min(i, frames - 1 - frozen))
        shown.append(TimedFrame(i / 10, jpeg(face(name).rotate(angle, Image.Resampling.BILINEAR))))
    return tuple(shown)


def evidence(
    heard: Sequence[str | None] = ANSWERS, frames: Sequence[tuple[TimedFrame, ...]] = ((), (), ())
) -> Evidence:
    turns = [
        TurnEvidence(turn.says, Expectations(turn.emotion, turn.must, turn.must_not, turn.remembers), shown, b"", words)
        for turn, words, shown in zip(SCENARIO.turns, heard, frames, strict=True)
    ]
    return Evidence(SCENARIO.setting, tuple(turns))


def tone(seconds: float = 1.0) -> bytes:
    return wav_bytes(np.full(round(seconds * 16_000), 0.1, np.float32))


def judging(levels: dict[str, Sequence[int]], repeats: int = 2) -> Judging:
    """Dialogues of systems that have one level in all dimensions, by the system's name."""
    dialogues = [
        JudgedDialogue(
            system,
            f"scenario_{i}",
            "A setting.",
            3.0,
            (JudgedTurn("Hello.", "Hello there." + " word" * i, None, 0.5, None),),
            tuple(
                DimensionScores(one.value, (float(level),) * repeats, (level,) * repeats, ("because",) * repeats)
                for one in Dimension
            ),
        )
        for system, row in levels.items()
        for i, level in enumerate(row)
    ]
    return Judging(JudgeNote("some-judge", repeats, 0.1, 0.9, 32, 784, False, True), tuple(dialogues))
