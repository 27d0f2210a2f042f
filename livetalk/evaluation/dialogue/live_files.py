"""Files of a session: picture and sound of all of it, of each answer, and the visitor's sound, on one clock.

Works on what a client received; knows neither servers nor scenarios.
"""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image

from livetalk.evaluation.dialogue.session_client import SessionClient
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE
from livetalk.media.video import Mp4Writer
from livetalk.media.wav import write_wav

PER_FRAME = SAMPLE_RATE // FRAME_RATE
ORIGIN = {"comment": "AI-generated video: what a visitor saw and heard of a live session", "ai_generated": "true"}


class SessionFiles:
    """Writer of files from what a client received; times are seconds since it began to hear."""

    def __init__(self, client: SessionClient) -> None:
        self._client = client
        self._sound = _sound(client)
        self._pictures = sorted(client.pictures, key=lambda picture: picture.pts)
        self._begins = [picture.pts - client.begin for picture in self._pictures]

    @property
    def seconds(self) -> float:
        """Length of the session."""
        return len(self._sound) / SAMPLE_RATE

    def write_video(self, path: Path, begin: float = 0.0, end: float | None = None) -> bool:
        """Picture and sound of a part; False, and no file, if no picture ever came."""
        if not self._pictures:
            return False
        first = max(0, round(begin * FRAME_RATE))
        last = max(first + 1, round(min(end or self.seconds, self.seconds) * FRAME_RATE))
        height, width = _decoded(self._pictures[0].jpeg).shape[:2]
        with Mp4Writer(path, size=(height, width), origin=ORIGIN) as writer:
            for frame in self._frames(first, last):
                writer.write_frames(frame[None])
            writer.write_audio(self._sound[first * PER_FRAME : last * PER_FRAME])
        return True

    def write_visitor(self, path: Path) -> None:
        """All that the visitor said, where it was said."""
        sound = np.zeros(len(self._sound), np.float32)
        for at, pcm in self._client.said:
            begin = round(at.clock * SAMPLE_RATE)
            said = pcm[: max(0, len(sound) - begin)]
            sound[begin : begin + len(said)] += said.astype(np.float32) / 32768
        write_wav(path, sound)

    def _frames(self, first: int, last: int) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
        """The newest picture at the time of each frame; the first one before there was any."""
        shown, picture = -1, np.zeros((0, 0, 3), np.uint8)
        for number in range(first, last):
            newest = max(0, int(np.searchsorted(self._begins, number * PER_FRAME, "right")) - 1)
            if newest != shown:
                shown, picture = newest, _decoded(self._pictures[newest].jpeg)
            yield picture


def _sound(client: SessionClient) -> Float32[np.ndarray, " n"]:
    """The sound that came, silence where it was lost on the way."""
    end = max((piece.pts - client.begin + len(piece.pcm) for piece in client.sound), default=0)
    sound = np.zeros(end, np.float32)
    for piece in client.sound:
        begin = piece.pts - client.begin
        sound[begin : begin + len(piece.pcm)] = piece.pcm.astype(np.float32) / 32768
    return sound


def _decoded(jpeg: bytes) -> UInt8[np.ndarray, "h w 3"]:
    return np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB"))
