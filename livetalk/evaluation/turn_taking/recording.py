"""Recordings of dialogues as they are measured: who speaks when, heard in both sounds, and the avatar's face.

Of what a record claims, only the visitor's side is used: when their turns begin and in which they are silent. Whether
the avatar speaks is heard, never believed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from livetalk.evaluation.dialogue.records import NAME, DialogueRecord, read_record
from livetalk.evaluation.metrics.landmarks import FaceTrack, track
from livetalk.evaluation.turn_taking.speech_activity import speech_spans
from livetalk.evaluation.turn_taking.talk import Talk, VisitorTurn, with_speech
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE
from livetalk.media import read_frames, read_speech

SAME_LENGTH = 0.5  # s by which the files of one clock may differ: an encoder fills its last packet
AT_ONCE = 128  # frames that are looked at together: a long session does not fit into memory


@dataclass(frozen=True)
class RecordedDialogue:
    """A dialogue that was held live. path: of its record; session, visitor: picture and sound on one clock."""

    path: Path
    record: DialogueRecord
    session: Path
    visitor: Path


def find_recordings(folders: Sequence[Path]) -> list[RecordedDialogue]:
    """All dialogues below some folders that were held live, by their paths.

    Systems that make a clip a turn have no clock that both sides share; they are left out. Raises ValueError for a
    folder without dialogues, a damaged record, a dialogue that comes twice, or where none was held live.
    """
    paths = [path for folder in folders for path in _records(folder)]
    found = [_recording(path) for path in dict.fromkeys(paths)]
    live = [recording for recording in found if recording is not None]
    if not live:
        raise ValueError(
            f"none of {len(found)} dialogues was held live: turn-taking needs one clock for both sides, which clips of"
            " single turns do not have"
        )
    once: dict[tuple[str, str], Path] = {}
    for recording in live:
        key = (recording.record.system, recording.record.scenario)
        if key in once:
            raise ValueError(f"{once[key]} and {recording.path} are one system's dialogue {key[1]}: give one of them")
        once[key] = recording.path
    return live


def talk_of(recording: RecordedDialogue) -> Talk:
    """Speech of both sides. Raises ValueError for a damaged recording, or one without marks of its turns."""
    avatar, visitor = (np.concatenate(list(read_speech(path))) for path in (recording.session, recording.visitor))
    apart = abs(len(avatar) - len(visitor)) / SAMPLE_RATE
    if apart > SAME_LENGTH:
        raise ValueError(
            f"{recording.session} and {recording.visitor.name} differ by {apart:.1f} s: hold the dialogue again"
        )
    begins = [event.time_s for event in recording.record.events if event.event == "turn"]
    turns = recording.record.turns
    if len(begins) != len(turns):
        raise ValueError(f"{recording.path} marks {len(begins)} of {len(turns)} turns: hold the dialogue again")
    marks = [VisitorTurn(begin, bool(turn.says)) for begin, turn in zip(begins, turns, strict=True)]
    seconds = max(len(avatar), len(visitor)) / SAMPLE_RATE
    return Talk(with_speech(marks, speech_spans(visitor)), speech_spans(avatar), seconds)


def face_of(recording: RecordedDialogue) -> FaceTrack:
    """The avatar's face in every frame of the house's rate."""
    pictures = read_frames(recording.session, frame_rate=FRAME_RATE)
    return _joined([track(np.stack(some)) for some in _in_groups(pictures)])


def _records(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder: give one with dialogues in it")
    paths = sorted(folder.rglob(NAME))
    if not paths:
        raise ValueError(f"{folder} holds no dialogue: hold some with `livetalk evaluate dialogue run --out {folder}`")
    return paths


def _recording(path: Path) -> RecordedDialogue | None:
    record = read_record(path)
    if record.session is None or record.visitor is None:
        return None
    return RecordedDialogue(path, record, path.parent / record.session, path.parent / record.visitor)


def _in_groups(pictures: Iterable[UInt8[np.ndarray, "h w 3"]]) -> Iterator[list[UInt8[np.ndarray, "h w 3"]]]:
    each = iter(pictures)
    while some := list(islice(each, AT_ONCE)):
        yield some


def _joined(parts: Sequence[FaceTrack]) -> FaceTrack:
    """Tracks one after the other."""
    curves = [field.name for field in fields(FaceTrack) if field.name != "names"]
    names = next((part.names for part in parts if part.names), ())
    return FaceTrack(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in curves}, names=names)
