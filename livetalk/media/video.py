"""Talking video in and out of files: h264 in yuv420p beside aac, on one clock.

Every frame's time stamp is the number of audio samples before it, so that picture and sound cannot drift
apart. A file appears under its name only when it is complete. This module knows neither models nor presets;
what it is told about the origin of a video it writes into the file.
"""

import os
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.video.reformatter import Interpolation
from jaxtyping import Float32, UInt8

from livetalk.geometry import FRAME_RATE, SAMPLE_RATE
from livetalk.media.files import claim, existing, ffmpeg_path, part_of, understood, written
from livetalk.media.sound import AAC_RATES, SoundFile

BT709 = 1  # FFmpeg's number of this standard, for matrix, primaries and transfer alike
LIMITED_RANGE = 1
# FFmpeg's default conversion between RGB and YUV darkens a picture by one or two levels.
EXACT = int(
    Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP
)
PRESET = "veryfast"  # x264's; the processor is the model's, and talking heads are easy to encode
CLOCK = 48_000  # ticks a second; a multiple of every common frame rate


class Mp4Writer:
    """An mp4 that appears under `path` when it is complete, and not before.

    Use it as a context manager: leaving it finishes the file and gives it its name, an exception on the
    way removes what was written. Frames and samples may come in any order; both start at time 0.

    size: pixels (height, width), even numbers; rate, channels: of the sound, 1 or 2 channels, no sound if
    rate is None; origin: words about where the video comes from, written as metadata (`ai_origin` makes them).
    Raises ValueError, with what to do, if the file cannot be written.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        size: tuple[int, int] = (256, 256),
        frame_rate: int = FRAME_RATE,
        rate: int | None = SAMPLE_RATE,
        channels: int = 1,
        origin: dict[str, str] | None = None,
        crf: int = 17,
    ) -> None:
        self.path = Path(path).expanduser()
        self.frames = 0
        self.samples = 0
        self._frame_rate = frame_rate
        self._part = part_of(self.path)
        claim(self.path)
        with written(self.path):
            options = {"movflags": "use_metadata_tags+faststart"}
            self._container = av.open(ffmpeg_path(self._part), "w", format="mp4", options=options)
        self._container.metadata.update(origin or {})
        self._video = self._video_stream(size, crf)
        self._audio = self._audio_stream(rate, channels) if rate else None

    def _video_stream(self, size: tuple[int, int], crf: int) -> av.VideoStream:
        stream = self._container.add_stream("libx264", self._frame_rate, {"crf": str(crf), "preset": PRESET})
        stream.height, stream.width = size
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, CLOCK)
        context = stream.codec_context
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = LIMITED_RANGE
        return stream

    def _audio_stream(self, rate: int, channels: int) -> av.AudioStream:
        layout = {1: "mono", 2: "stereo"}[channels]
        stream = self._container.add_stream("aac", rate=rate, layout=layout)
        stream.bit_rate = min(96_000, 5 * rate) * channels
        stream.time_base = Fraction(1, rate)
        return stream

    def write_frames(self, frames: UInt8[np.ndarray, "t h w 3"]) -> None:
        """Appends frames; each stands for 1 / frame_rate seconds."""
        for picture in frames:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", interpolation=EXACT)
            frame.pts = self.frames * CLOCK // self._frame_rate
            frame.time_base = Fraction(1, CLOCK)
            self.frames += 1
            with written(self.path):
                self._container.mux(self._video.encode(frame))

    def write_audio(self, samples: Float32[np.ndarray, "n c"] | Float32[np.ndarray, " n"]) -> None:
        """Appends samples in [-1, 1], one column a channel."""
        assert self._audio is not None, "this file was opened without sound"
        if not len(samples):
            return
        planes = np.ascontiguousarray(samples.reshape(len(samples), -1).T, dtype=np.float32)
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=self._audio.layout.name)
        frame.sample_rate = self._audio.rate
        frame.pts = self.samples
        frame.time_base = Fraction(1, self._audio.rate)
        self.samples += len(samples)
        with written(self.path):
            self._container.mux(self._audio.encode(frame))

    def finish(self) -> None:
        """Writes what the encoders still hold and gives the file its name."""
        with written(self.path):
            for stream in filter(None, (self._video, self._audio)):
                self._container.mux(stream.encode(None))
            self._container.close()
            os.replace(self._part, self.path)

    def abandon(self) -> None:
        """Leaves nothing behind; a file that had the name before keeps it."""
        try:
            self._container.close()
        except OSError:
            pass  # the disk that was full still is
        finally:
            self._part.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        if kind is not None:
            self.abandon()
            return
        try:
            self.finish()
        except BaseException:
            self.abandon()
            raise


def ai_origin(model: str, version: str, seed: int, prompt: str) -> dict[str, str]:
    """Metadata that tells people and machines that a video is synthetic, and how to make it again.

    `digital_source_type` is the IPTC's term for media made by a trained model.
    """
    return {
        "comment": f"AI-generated video: LiveTalk, model {model}, version {version}, seed {seed}",
        "ai_generated": "true",
        "digital_source_type": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
        "model": model,
        "model_version": version,
        "seed": str(seed),
        "prompt": prompt,
    }


def write_talking(
    path: str | Path,
    frames: Iterable[UInt8[np.ndarray, "t h w 3"]],
    sound: SoundFile,
    origin: dict[str, str],
    size: tuple[int, int] = (256, 256),
) -> int:
    """Writes blocks of frames with the sound they belong to, in step, while they come; returns their number.

    The sound keeps its sample rate and, up to two, its channels. Raises ValueError as `Mp4Writer` does;
    whatever `frames` raises passes through and leaves no file.
    """
    rate = sound.rate if sound.rate in AAC_RATES else 48_000
    channels = sound.channels if sound.channels <= 2 else 1
    pieces = sound.pieces(rate, channels)
    with Mp4Writer(path, rate=rate, channels=channels, origin=origin, size=size) as writer:
        for block in frames:
            writer.write_frames(block)
            while writer.samples * FRAME_RATE < writer.frames * rate and (piece := next(pieces, None)) is not None:
                writer.write_audio(piece)
        for piece in pieces:
            writer.write_audio(piece)
    return writer.frames


def read_frames(path: str | Path, *, frame_rate: int | None = None) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """Frames of a video one by one, in RGB.

    frame_rate: show the picture of every 1 / frame_rate seconds (the newest one at that time) instead of every
    picture. Raises ValueError, with what to do, for a missing, empty or damaged file and for one without pictures.
    """
    path = existing(path, "video")
    with understood(path, "video"), av.open(ffmpeg_path(path)) as container:
        if not container.streams.video:
            raise ValueError(f"{path} has no pictures in it: give a video")
    return _frames(path, frame_rate)


def _frames(path: Path, frame_rate: int | None) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    shown, start, last = 0, None, None
    with understood(path, "video"), av.open(ffmpeg_path(path)) as container:
        for frame in container.decode(video=0):
            picture = frame.reformat(format="rgb24", interpolation=EXACT).to_ndarray()
            if frame_rate is None:
                yield picture
                continue
            assert frame.time is not None, "a decoded frame has a time"
            start = frame.time if start is None else start
            while last is not None and shown / frame_rate < frame.time - start - 1e-6:
                yield last
                shown += 1
            last = picture
        if last is not None:
            yield last
