"""Speech out of a file of any common format, as a stream of pieces.

A file is decoded packet by packet, so that half an hour takes no more memory than a second. Anything with
a sound stream will do (wav, flac, mp3, ogg, m4a, a video), at any sample rate, with any number of channels.
This module does not know what listens.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from jaxtyping import Float32

from livetalk.geometry import SAMPLE_RATE
from livetalk.media.files import existing, understood

# Rates that AAC in mp4 can carry as they are (ISO/IEC 14496-3, table 1.18).
AAC_RATES = frozenset({8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000})


@dataclass(frozen=True)
class SoundFile:
    """A file that was found to hold sound.

    rate: its samples a second, in Hz; channels: how many; seconds: its length as its header tells it,
    a guess good enough for a progress bar, None where the header is silent.
    """

    path: Path
    rate: int
    channels: int
    seconds: float | None

    def pieces(self, rate: int, channels: int) -> Iterator[Float32[np.ndarray, "n c"]]:
        """The sound in order, in [-1, 1], at `rate` Hz with `channels` channels (1 mixes all of them).

        Raises ValueError if nothing in the file can be decoded.
        """
        resampler = av.AudioResampler(format="fltp", rate=rate)
        empty = True
        with understood(self.path, "sound"), av.open(str(self.path)) as container:
            for frame in _resampled(_decoded(container), resampler):
                piece = _mixed(frame.to_ndarray(), channels)
                if len(piece):
                    empty = False
                    yield piece
        if empty:
            raise ValueError(f"{self.path} holds no sound that can be decoded: export it anew, for example as wav")


def open_sound(path: str | Path, what: str = "speech") -> SoundFile:
    """Looks into a sound file without reading all of it.

    Raises ValueError, with what to do, for a missing, empty or damaged file and for one without sound.
    """
    path = existing(path, what)
    with understood(path, "sound"), av.open(str(path)) as container:
        if not container.streams.audio:
            raise ValueError(f"{path} has no sound in it: give a recording of speech, for example a wav or an mp3")
        stream = container.streams.audio[0]
        first = next(_decoded(container), None)
        if first is None:
            raise ValueError(f"{path} holds no sound that can be decoded: export it anew, for example as wav")
        seconds = None
        if stream.duration is not None and stream.time_base is not None:
            seconds = float(stream.duration * stream.time_base)
        elif container.duration is not None:
            seconds = container.duration / av.time_base
        return SoundFile(path, first.sample_rate, first.layout.nb_channels, seconds)


def read_speech(path: str | Path) -> Iterator[Float32[np.ndarray, " n"]]:
    """Speech as every model here hears it: mono, 16 kHz, in [-1, 1], piece by piece.

    Raises ValueError as `open_sound` does, at once and not with the first piece.
    """
    sound = open_sound(path)
    return (piece[:, 0] for piece in sound.pieces(SAMPLE_RATE, 1))


def trimmed(sound: Float32[np.ndarray, " n"], quiet: float) -> Float32[np.ndarray, " m"]:
    """Without the ends in which no sample is louder than `quiet`; empty where none is at all."""
    loud = np.flatnonzero(np.abs(sound) > quiet)
    return sound[loud[0] : loud[-1] + 1] if len(loud) else sound[:0]


def _decoded(container: av.container.InputContainer) -> Iterator[av.AudioFrame]:
    """Frames of the first sound stream; a packet damaged on its way is passed over, as players do."""
    for packet in container.demux(container.streams.audio[0]):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            continue


def _resampled(frames: Iterator[av.AudioFrame], resampler: av.AudioResampler) -> Iterator[av.AudioFrame]:
    for frame in frames:
        frame.pts = None  # positions are counted in samples; a file's own stamps may jump
        yield from resampler.resample(frame)
    if resampler.layout is not None:  # it has seen a frame, so it may hold a tail
        yield from resampler.resample(None)


def _mixed(planes: Float32[np.ndarray, "c n"], channels: int) -> Float32[np.ndarray, "n {channels}"]:
    # The mean, not FFmpeg's downmix: that one lifts the level by 3 dB in float.
    if channels == 1:
        planes = planes.mean(axis=0, keepdims=True, dtype=np.float32)
    assert len(planes) == channels, "only mixing down to one channel is offered"
    return np.nan_to_num(planes, posinf=0.0, neginf=0.0).T
