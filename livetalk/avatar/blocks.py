"""Events of an avatar session: blocks of frames with their time and sound, interrupts, ends of utterances.

Plain data: numpy only, so that rooms without torch can speak of it.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from jaxtyping import Float32, UInt8

from livetalk.geometry import FRAME_RATE, SAMPLE_RATE


@dataclass(frozen=True)
class BlockTimings:
    """Seconds of each stage of a block."""

    denoise: float = 0.0
    first_frames: float = 0.0  # decoding the first latent frame
    decode: float = 0.0  # decoding so far


@dataclass(frozen=True)
class TimedBlock:
    """Frames with their sound and their time: a piece of a block (the frames of one latent frame); offline, a block.

    frames: RGB [t h w 3], uint8, 16 a second. audio: mono float samples [1000 t] in [-1, 1] at 16 kHz, heard while the
    frames are seen; silence where nothing is said. pts: samples of the session's clock before the first frame.
    replaces: made again after an interrupt; it replaces what was made from its first frame on, and not given out yet.
    repeated: the block was faulty twice and repeats the last good frame.
    """

    index: int  # of the block
    first_frame: int
    frames: UInt8[np.ndarray, "t h w 3"]
    audio: Float32[np.ndarray, " n"]
    speaking: bool
    replaces: bool = False
    repeated: bool = False
    speech_samples: int = 0  # samples of `audio`, from its start, that were pushed; the rest is silence
    timings: BlockTimings = BlockTimings()
    late: float = 0.0  # seconds after its time that it was ready

    @property
    def pts(self) -> int:
        """Samples of the session's clock (16 kHz) before the first frame."""
        return self.first_frame * SAMPLE_RATE // FRAME_RATE

    @property
    def seconds(self) -> float:
        """Duration of the frames."""
        return len(self.frames) / FRAME_RATE

    def muted(self) -> Self:
        """This block with silence instead of its sound."""
        return replace(self, audio=np.zeros_like(self.audio), speech_samples=0)


@dataclass(frozen=True)
class Interrupted:
    """The session was interrupted: sound from sample `pts` on is not to be played. Frames go on, silent."""

    pts: int


@dataclass(frozen=True)
class UtteranceFinished:
    """An utterance (all that was pushed before an `end()`) has been said up to sample `pts`. Silent frames go on.

    Every `end()` is answered once: by this, or by `Interrupted` (or the loss of the avatar) for all that were open.
    """

    pts: int
