"""Clips of answers: the pictures and the sound of one turn's file, read, edited and written.

Edits are the damage that a judge must see: none of them needs a model. Knows files; no dialogues.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
from jaxtyping import Float32, UInt8

from livetalk.evaluation.clip_files import ClipFile
from livetalk.geometry import SAMPLE_RATE
from livetalk.media.files import ffmpeg_path, understood
from livetalk.media.video import Mp4Writer, read_frames

Sound = Float32[np.ndarray, " n"]


@dataclass(frozen=True)
class AnswerClip:
    """An answer's pictures, `frame_rate` a second, and its sound, mono at 16 kHz.

    origin: the file that it was read from, None once it was edited.
    """

    frames: UInt8[np.ndarray, "t h w 3"]
    sound: Sound
    frame_rate: int
    origin: Path | None = None

    @property
    def seconds(self) -> float:
        return len(self.frames) / self.frame_rate

    def shifted(self, seconds: float) -> "AnswerClip":
        """The picture later than the sound by some time; the first frame stands until it begins."""
        count = min(round(seconds * self.frame_rate), len(self.frames) - 1)
        late = np.concatenate([np.repeat(self.frames[:1], count, 0), self.frames[: len(self.frames) - count]])
        return replace(self, frames=late, origin=None)

    def frozen(self, start: float, seconds: float) -> "AnswerClip":
        """A stretch in which one picture stands still."""
        frames = self.frames.copy()
        first = min(round(start * self.frame_rate), len(frames) - 1)
        frames[first : first + round(seconds * self.frame_rate)] = frames[first]
        return replace(self, frames=frames, origin=None)

    def cut(self, share: float) -> "AnswerClip":
        """The beginning of it."""
        count = max(1, round(share * len(self.frames)))
        return AnswerClip(self.frames[:count], self.sound[: round(share * len(self.sound))], self.frame_rate)

    def silenced(self, spans: Sequence[tuple[float, float]]) -> "AnswerClip":
        """No sound in some spans of seconds."""
        sound = self.sound.copy()
        for begin, end in spans:
            sound[max(0, round(begin * SAMPLE_RATE)) : round(end * SAMPLE_RATE)] = 0
        return replace(self, sound=sound, origin=None)

    def with_picture(self, frames: UInt8[np.ndarray, "t h w 3"]) -> "AnswerClip":
        """The same sound with other pictures, of which the last one stands or the end is cut."""
        rows = np.minimum(np.arange(len(self.frames)), len(frames) - 1)
        return replace(self, frames=frames[rows], origin=None)

    def write(self, path: Path) -> None:
        """As mp4; it is there when it is complete."""
        height, width = self.frames.shape[1:3]
        with Mp4Writer(path, size=(height, width), frame_rate=self.frame_rate) as file:
            file.write_frames(self.frames)
            file.write_audio(self.sound)


def read_clip(path: Path) -> AnswerClip:
    """All of a file. Raises ValueError, with what to do, for a damaged one."""
    return AnswerClip(np.stack(list(read_frames(path))), sound_of(path), round(frame_rate(path)), path)


def frame_rate(path: Path) -> float:
    """Pictures a second, on average."""
    with understood(path, "a video"), av.open(ffmpeg_path(path)) as container:
        rate = container.streams.video[0].average_rate
    return float(rate) if rate else 25.0


def sound_of(path: Path) -> Sound:
    """The sound of a video; none at all for one that has no sound: a system may answer without a word."""
    with understood(path, "a video"), av.open(ffmpeg_path(path)) as container:
        if not container.streams.audio:
            return np.zeros(0, np.float32)
    return ClipFile(path.stem, path).sound()
