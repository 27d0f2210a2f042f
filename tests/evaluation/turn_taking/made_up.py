"""Made-up dialogues: two bundled recordings of speech put where a test wants them, and a bundled face."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from livetalk.data.arkit import ARKIT
from livetalk.evaluation.dialogue.records import DialogueEvent, DialogueRecord, TurnRecord, folder_of, write_record
from livetalk.evaluation.metrics.landmarks import FaceTrack
from livetalk.evaluation.turn_taking.speech_activity import SpeechSpan
from livetalk.evaluation.turn_taking.talk import Talk, VisitorTurn
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE
from livetalk.media import Mp4Writer, read_speech
from livetalk.media.wav import write_wav

ASSETS = Path(__file__).parents[3] / "livetalk" / "assets"
AVATAR, VISITOR = "hello", "welcome"
SENTENCES = {AVATAR: 3.755, VISITOR: 1.755}  # s at which two seconds of speech without a pause begin
SIDE = 256  # pixels
MOUTH = (175, 111, 146)  # of the bundled face: row between the lips, columns from corner to corner


@cache
def voice(name: str) -> np.ndarray:
    """Two seconds of a recording in which somebody speaks without a pause, from the very beginning."""
    sound = np.concatenate(list(read_speech(ASSETS / "speech" / f"{name}.ogg")))
    return sound[round(SENTENCES[name] * SAMPLE_RATE) :][: 2 * SAMPLE_RATE]


def sound(name: str, times: Sequence[tuple[float, float]], seconds: float) -> np.ndarray:
    """Speech at several times, each of two seconds at the most, in a silence of `seconds`."""
    made = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    for begin, lasts in times:
        first = round(begin * SAMPLE_RATE)
        piece = voice(name)[: round(lasts * SAMPLE_RATE)]
        room = made[first : first + len(piece)]
        room += piece[: len(room)]
    return made


def talk(visitor: Sequence[tuple[float, float]], avatar: Sequence[tuple[float, float]], seconds: float = 20.0) -> Talk:
    """Talk from begins and ends in seconds: a turn a stretch of the visitor's."""
    turns = tuple(VisitorTurn(begin, True, (SpeechSpan(begin, end),)) for begin, end in visitor)
    return Talk(turns, tuple(SpeechSpan(begin, end) for begin, end in avatar), seconds)


def face(seconds: float, **curves: Callable[[np.ndarray], np.ndarray] | float) -> FaceTrack:
    """A face whose gap, pitch, blink or blendshapes follow functions of time; else it is still, lips closed."""
    times = (np.arange(round(seconds * FRAME_RATE)) + 0.5) / FRAME_RATE
    made = {name: curve(times) if callable(curve) else np.full(len(times), curve) for name, curve in curves.items()}
    zero = np.zeros(len(times))
    shapes = np.stack([made.get(name, zero) for name in ARKIT], axis=1)
    pose = np.stack([zero, made.get("pitch", zero), zero], axis=1)
    return FaceTrack(
        made.get("gap", zero),
        zero + 1,
        pose,
        made.get("blink", zero),
        np.zeros((len(times), 2)),
        np.zeros((len(times), 2, 2)),
        shapes,
        tuple(ARKIT),
    )


def lost(track: FaceTrack, first: float, last: float) -> FaceTrack:
    """The same face, gone from one second to another."""
    at = slice(round(first * FRAME_RATE), round(last * FRAME_RATE))
    changed = {name: getattr(track, name).copy() for name in ("gap", "width", "pose", "blink", "blendshapes")}
    for curve in changed.values():
        curve[at] = np.nan
    return replace(track, **changed)


def record(
    out: Path,
    scenario: str,
    visitor: Sequence[tuple[float, float]],
    avatar: Sequence[tuple[float, float]],
    seconds: float,
    mouth: Callable[[float], float] | None = None,
    system: str = "made_up",
) -> Path:
    """Hold a dialogue that never was: both say their recordings at these times, for so many seconds each.

    mouth: pixels that the lips are apart at a time; None: nobody is in the picture. Returns the path of the record.
    """
    folder = folder_of(out, system, scenario)
    folder.mkdir(parents=True)
    nobody = np.zeros((64, 64, 3), np.uint8)
    side = SIDE if mouth else len(nobody)
    with Mp4Writer(folder / "session.mp4", size=(side, side)) as writer:
        for number in range(round(seconds * FRAME_RATE)):
            shown = nobody if mouth is None else picture(mouth((number + 0.5) / FRAME_RATE))
            writer.write_frames(shown[None])
        writer.write_audio(sound(AVATAR, avatar, seconds))
    write_wav(folder / "visitor.wav", sound(VISITOR, visitor, seconds))
    events = tuple(DialogueEvent(begin - 0.05, "turn") for begin, _ in visitor)
    turns = tuple(TurnRecord("Something.", "en") for _ in visitor)
    return write_record(out, DialogueRecord(scenario, system, "test", turns, "session.mp4", "visitor.wav", events))


@cache
def picture(apart: float) -> np.ndarray:
    """The bundled face, its lips so many pixels apart: what is below them is moved down, with darkness between."""
    with Image.open(ASSETS / "avatars" / "ada.jpg") as image:
        pixels = np.array(image.convert("RGB").resize((SIDE, SIDE)))
    gap = round(apart)
    if not gap:
        return pixels
    row, left, right = MOUTH
    moved = pixels.copy()
    moved[row + gap :] = pixels[row : SIDE - gap]
    moved[row : row + gap] = pixels[row]
    moved[row : row + gap, left:right] = (60, 20, 20)
    return moved
