"""What every test shares: one thread a process, and small media files made on the spot."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch and numpy are imported; workers share the cores

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import settings

from livetalk.runtime.process import tune_process
from tests.helpers.shapes import check_shapes_in

check_shapes_in("livetalk")

settings.register_profile("livetalk", deadline=None)  # how long an example takes is the machine's affair
settings.load_profile("livetalk")

SaveSound = Callable[..., Path]


def pytest_configure() -> None:
    tune_process()  # as every `main` does; torch is not loaded yet


@pytest.fixture
def save_sound(tmp_path: Path) -> SaveSound:
    """Writes samples [n] or [n, channels] to a file in the codec that its name asks for."""

    def save(samples: np.ndarray, name: str = "speech.wav", rate: int = 16_000) -> Path:
        codec = {"wav": "pcm_s16le", "flac": "flac", "mp3": "mp3", "ogg": "libopus", "m4a": "aac"}[name.split(".")[1]]
        planes = np.ascontiguousarray(np.atleast_2d(samples.T), dtype=np.float32)
        layout = {1: "mono", 2: "stereo"}[len(planes)]
        path = tmp_path / name
        with av.open(str(path), "w", format="mp4" if name.endswith("m4a") else None) as container:
            stream = container.add_stream(codec, rate=rate, layout=layout)
            frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=layout)
            frame.sample_rate, frame.pts = rate, 0
            for packet in (*stream.encode(frame), *stream.encode(None)):
                container.mux(packet)
        return path

    return save


@pytest.fixture
def tone() -> Callable[..., np.ndarray]:
    """A tone [n] in [-1, 1] that begins and ends softly."""

    def make(seconds: float, rate: int = 16_000, hertz: float = 220.0) -> np.ndarray:
        time = np.arange(round(seconds * rate)) / rate
        return (0.5 * np.sin(2 * np.pi * hertz * time) * np.minimum(1, 50 * np.minimum(time, time[-1] - time))).astype(
            np.float32
        )

    return make
