"""Decoding of a file's sound, frame by frame, in the way of players: what is damaged is passed over, what changes on
the way (rate, channels, layout, format) goes on.

Gives samples as they are in the file, at the rate that is asked for. What is made of channels and of scales is the
business of others.
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from jaxtyping import Float32

from livetalk.media.files import ffmpeg_path
from livetalk.media.ogg import FilePart, chain_links

MISSES = 32  # unreadable packets in a row, after which nothing more is to be expected
MOST_CHANNELS = 64  # that FFmpeg's resampler takes at once

Samples = Float32[np.ndarray, "n c"]


@contextmanager
def opened(path: Path, link: tuple[int, int] | None = None) -> Generator[InputContainer]:
    """A container of FFmpeg's; `link`: a part of the file, in bytes."""
    if link is None:
        with av.open(ffmpeg_path(path), "r") as container:
            yield container
        return
    with FilePart(path, *link) as part, av.open(part, "r") as container:
        yield container


def decoded(path: Path, stream: int = 0) -> Iterator[av.AudioFrame]:
    """Frames of one of a file's sound streams, those of later recordings in a chain included.

    Raises FFmpegError if the file cannot be opened.
    """
    links = chain_links(path)
    if len(links) == 1:
        with opened(path) as container:
            yield from frames(container, stream)
        return
    for number, link in enumerate(links):
        try:
            with opened(path, link) as container:
                yield from frames(container, stream)
        except FFmpegError:
            if number == 0:
                raise


def frames(container: InputContainer, number: int) -> Iterator[av.AudioFrame]:
    """Frames of a container's sound stream of this number, if it has one."""
    if number >= len(container.streams.audio):
        return
    stream = container.streams.audio[number]
    for packet in _packets(container, stream):
        try:
            done = stream.codec_context.decode(packet)
        except FFmpegError:
            continue
        yield from (frame for frame in done if frame.samples and frame.sample_rate > 0)


def _packets(container: InputContainer, stream: av.AudioStream) -> Iterator["av.Packet[av.AudioStream] | None"]:
    """All packets that can be read, then None, for what the decoder still holds."""
    missed = 0
    while missed < MISSES:
        try:
            for packet in container.demux(stream):
                missed = 0
                if packet.size:
                    yield packet
            break
        except FFmpegError:
            missed += 1
    yield None


def resampled(sound: Iterable[av.AudioFrame], rate: int | None = None) -> Iterator[Samples]:
    """The samples of frames, one column a channel, at `rate` Hz, or as they are.

    A change of rate, channels, layout or format begins another resampler, and what the last one holds comes first.
    """
    resampler, known = None, None
    for frame in sound:
        kind = (frame.format.name, frame.layout.name, frame.layout.nb_channels, frame.sample_rate)
        if resampler is None or kind != known:
            if resampler is not None:
                yield from resampler.rest()
            resampler, known = _Resampler(frame, rate or frame.sample_rate), kind
        yield from resampler.resample(frame)
    if resampler is not None:
        yield from resampler.rest()


class _Resampler:
    """FFmpeg's, for frames of one kind. Packed samples come out: planes beyond the eighth would not be seen."""

    def __init__(self, frame: av.AudioFrame, rate: int) -> None:
        self._channels, self._ratio = frame.layout.nb_channels, rate / frame.sample_rate
        self._resampler = av.AudioResampler(format="flt", rate=rate)
        self._taken = self._made = 0

    def resample(self, frame: av.AudioFrame) -> Iterator[Samples]:
        frame.pts = None  # positions are counted in samples; a file's own stamps may jump
        self._taken += frame.samples
        return self._out(frame)

    def rest(self) -> Iterator[Samples]:
        """What is still held. Of less sound than its filter is long FFmpeg makes nothing: that is silence here."""
        yield from self._out(None)
        if not self._made:
            yield np.zeros((max(1, round(self._taken * self._ratio)), self._channels), np.float32)

    def _out(self, frame: av.AudioFrame | None) -> Iterator[Samples]:
        for done in self._resampler.resample(frame):
            if done.samples:
                self._made += done.samples
                yield done.to_ndarray().reshape(-1, self._channels)
