"""Speech out of a file of any common format, as a stream of pieces.

A file is decoded packet by packet, so that half an hour takes no more memory than a second. Anything with
a sound stream will do (wav, flac, mp3, ogg, m4a, a video), at any sample rate, with any number of channels.
This module does not know what listens.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from jaxtyping import Float32

from livetalk.geometry import SAMPLE_RATE
from livetalk.media.decoding import MOST_CHANNELS, decoded, frames, opened, resampled
from livetalk.media.files import existing, understood
from livetalk.media.mixdown import PLAIN, Mixdown, survey
from livetalk.media.ogg import chain_links
from livetalk.media.speech_level import SpeechMeter

# Rates that AAC in mp4 can carry as they are (ISO/IEC 14496-3, table 1.18).
AAC_RATES = frozenset({8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000})
LOOK = 600.0  # seconds from the beginning that tell how channels are mixed, and in which of several streams speech is
MEASURED = ("pcm_f", "wavpack")  # codecs whose floats may be of any scale


@dataclass(frozen=True)
class SoundFile:
    """A file that was found to hold sound.

    rate: its samples a second, in Hz; channels: how many; seconds: its length as its header tells it,
    a guess good enough for a progress bar, None where the header is silent. stream: which of its `streams` sound
    streams, from 0; mixdown: how its channels become one.
    """

    path: Path
    rate: int
    channels: int
    seconds: float | None
    stream: int = 0
    streams: int = 1
    mixdown: Mixdown = PLAIN

    @property
    def choice(self) -> str | None:
        """One sentence where another than the first sound stream is taken."""
        if not self.stream:
            return None
        return f"{self.path} has {self.streams} sound streams: number {self.stream + 1} is taken, where the speech is"

    def pieces(self, rate: int, channels: int) -> Iterator[Float32[np.ndarray, "n c"]]:
        """The sound in order, in [-1, 1], at `rate` Hz with `channels` channels (1 mixes all of them).

        Raises ValueError if nothing in the file can be decoded.
        """
        empty = True
        with understood(self.path, "sound"):
            for samples in resampled(decoded(self.path, self.stream), rate):
                empty = False
                yield self._fitted(samples, channels)
        if empty:
            raise ValueError(_undecodable(self.path))

    def speech(self) -> Iterator[Float32[np.ndarray, " n"]]:
        """As `read_speech` gives it."""
        return (piece[:, 0] for piece in self.pieces(SAMPLE_RATE, 1))

    def _fitted(self, samples: Float32[np.ndarray, "n c"], channels: int) -> Float32[np.ndarray, "n channels"]:
        """Samples of this file with as many channels as are wanted, however many they are at this place."""
        samples = self.mixdown.scaled(samples)
        if samples.shape[1] == channels:
            return samples
        return np.repeat(self.mixdown.mono(samples), channels, axis=1)


def open_sound(path: str | Path, what: str = "speech") -> SoundFile:
    """Looks into a sound file without reading all of it.

    Raises ValueError, with what to do, for a missing, empty or damaged file and for one without sound.
    """
    path = existing(path, what)
    with understood(path, "sound"):
        with opened(path, chain_links(path)[0]) as container:
            streams, seconds = len(container.streams.audio), _seconds(container)
            if not streams:
                raise ValueError(f"{path} has no sound in it: give a recording of speech, for example a wav or an mp3")
            first = next(frames(container, 0), None)
            measured = container.streams.audio[0].codec_context.name.startswith(MEASURED)
        stream = 0 if streams == 1 else _stream_with_speech(path, streams)
        if stream:
            first = next(decoded(path, stream), None)
        if first is None:
            raise ValueError(_undecodable(path))
        channels = first.layout.nb_channels
        if channels > MOST_CHANNELS:
            raise ValueError(f"{path} has {channels} channels: export it with {MOST_CHANNELS} at most")
        mixdown = survey(_beginning(path, stream)) if measured or stream or channels > 1 else PLAIN
    if mixdown is None:
        raise ValueError(f"{path} holds samples beyond any scale: export it anew, with floats from -1 to 1 or 16 bits")
    return SoundFile(path, first.sample_rate, channels, seconds, stream, streams, mixdown)


def read_speech(path: str | Path) -> Iterator[Float32[np.ndarray, " n"]]:
    """Speech as every model here hears it: mono, 16 kHz, in [-1, 1], piece by piece.

    Raises ValueError as `open_sound` does, at once and not with the first piece.
    """
    return open_sound(path).speech()


def trimmed(sound: Float32[np.ndarray, " n"], quiet: float) -> Float32[np.ndarray, " m"]:
    """Without the ends in which no sample is louder than `quiet`; empty where none is at all."""
    loud = np.flatnonzero(np.abs(sound) > quiet)
    return sound[loud[0] : loud[-1] + 1] if len(loud) else sound[:0]


def _seconds(container: InputContainer) -> float | None:
    """The length that a file's header tells, where it tells one."""
    for stream in container.streams.audio[:1]:
        if stream.duration is not None and stream.time_base is not None and stream.duration > 0:
            return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration is not None and container.duration > 0 else None


def _stream_with_speech(path: Path, streams: int) -> int:
    """The sound stream with the most speech; the first one where it has half as much."""
    speech = [_speech_cells(path, stream) for stream in range(streams)]
    return 0 if speech[0] * 2 >= max(speech) else int(np.argmax(speech))


def _speech_cells(path: Path, stream: int) -> int:
    """How much speech a stream begins with; -1 for one that cannot be decoded."""
    meter, mixdown, cells = SpeechMeter(), survey(_beginning(path, stream)) or PLAIN, -1
    for samples in _beginning(path, stream, SAMPLE_RATE):
        cells = max(cells, 0) + int(meter.push(mixdown.mono(mixdown.scaled(samples))[:, 0]).speech.sum())
    return cells


def _beginning(path: Path, stream: int, rate: int | None = None) -> Iterator[Float32[np.ndarray, "n c"]]:
    """The first ten minutes of a stream, as they are in the file, at `rate` Hz or at their own."""
    return resampled(_before(LOOK, decoded(path, stream)), rate)


def _before(seconds: float, sound: Iterable[av.AudioFrame]) -> Iterator[av.AudioFrame]:
    for frame in sound:
        if seconds <= 0:
            return
        seconds -= frame.samples / frame.sample_rate
        yield frame


def _undecodable(path: Path) -> str:
    return f"{path} holds no sound that can be decoded: export it anew, for example as wav"
