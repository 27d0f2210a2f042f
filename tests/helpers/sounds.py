"""Sound files of every kind, made on the spot: raw wav files by hand, all else by FFmpeg's encoders."""

import struct
from functools import cache
from pathlib import Path

import av
import numpy as np

from livetalk.media import read_speech

HELLO = Path(__file__).parents[2] / "livetalk" / "assets" / "speech" / "hello.ogg"
FLOATS = {"<f4": 32, "<f8": 64}


@cache
def hello() -> np.ndarray:
    """Two seconds and a half of speech, mono at 16 kHz."""
    return np.concatenate(list(read_speech(HELLO)))[:40_000]


def at(rate: int) -> np.ndarray:
    """`hello` at another rate."""
    count = len(hello()) * rate // 16_000
    return np.interp(np.arange(count) * 16_000 / rate, np.arange(len(hello())), hello())


def wav(path: Path, samples: np.ndarray, rate: int = 16_000, kind: str = "<i2", size: int | None = None) -> Path:
    """Samples [n] or [n, channels] as they are, in a type of numpy's; `size`: of the data, as the header tells it."""
    data = np.ascontiguousarray(samples.reshape(len(samples), -1), kind)
    bits, channels, raw = 8 * data.dtype.itemsize, data.shape[1], data.tobytes()
    head = struct.pack(
        "<HHIIHH", 3 if kind in FLOATS else 1, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits
    )
    size = len(raw) if size is None else size
    path.write_bytes(
        b"RIFF" + struct.pack("<I", min(36 + size, 2**32 - 1)) + b"WAVEfmt " + struct.pack("<I", len(head)) + head
        + b"data" + struct.pack("<I", size) + raw
    )  # fmt: skip
    return path


def encoded(
    path: Path, streams: list[np.ndarray], codec: str, rate: int = 48_000, container: str | None = None
) -> Path:
    """Sound streams, each [n] or [n, channels] in [-1, 1], in a codec of FFmpeg's."""
    with av.open(str(path.absolute()), "w", format=container) as out:
        made = []
        for samples in streams:
            planes = samples.reshape(len(samples), -1)
            layout = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}[planes.shape[1]]
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(planes, np.float32).reshape(1, -1), "flt", layout)
            frame.sample_rate, frame.pts = rate, 0
            made.append((out.add_stream(codec, rate=rate, layout=layout), frame))
        for stream, frame in made:
            out.mux(stream.encode(frame))
        for stream, _ in made:
            out.mux(stream.encode(None))
    return path


def alike(a: np.ndarray, b: np.ndarray) -> float:
    """Greatest correlation of two sounds, wherever one begins in the other; 1 for the same."""
    size = 2 * max(len(a), len(b))
    shared = np.fft.irfft(np.fft.rfft(a, size) * np.fft.rfft(b, size).conj(), size)
    return float(shared.max() / (np.linalg.norm(a) * np.linalg.norm(b) + 1e-9))
