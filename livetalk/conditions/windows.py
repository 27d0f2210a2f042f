"""Overlapped audio windows: which samples condition which block.

A block's feature rows are computed from the samples in [start - past, end + look-ahead), where start and end
are the times of its first frame and of the frame after its last, with zeros outside the stream. Rows depend on
nothing else: not on how the speech was cut into pieces, not on what comes later. The look-ahead past a block's
end is what the encoder hears past a frame's time less the one frame the block's last row is shown for: with
the encoder of `tiny`, 2,800 - 1,000 = 1,800 samples, 112.5 ms. Block k can be denoised as soon as
`samples_for_block(k)` samples have come. This module does not know how features are made, nor any clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from livetalk.geometry import Geometry


class Hearing(Protocol):
    """Receptive field of a speech encoder: samples a row, and how far around its frame's time a row hears."""

    @property
    def hop(self) -> int: ...

    @property
    def hops_per_frame(self) -> int: ...

    @property
    def past_samples(self) -> int: ...

    @property
    def lookahead_samples(self) -> int: ...


class RowEncoder(Protocol):
    """A speech encoder that gives one row of features a video frame."""

    @property
    def config(self) -> Hearing: ...

    def window_samples(self, frames: int) -> int: ...

    def rows(self, window: Tensor) -> Tensor: ...

    def parameters(self) -> Iterator[nn.Parameter]: ...


@dataclass(frozen=True)
class SpeechWindows:
    """The policy: past and look-ahead of a block's window, in samples at `geometry.sample_rate`."""

    geometry: Geometry
    past_samples: int  # before the time of the block's first frame
    lookahead_samples: int  # after the block's end

    @classmethod
    def of(cls, encoder: Hearing, geometry: Geometry) -> "SpeechWindows":
        """The tightest windows in which every row hears all that its encoder can hear."""
        if geometry.samples_per_frame != encoder.hop * encoder.hops_per_frame:
            raise ValueError(f"the speech encoder gives 16 rows a second, not {geometry.frame_rate}")
        ahead = max(0, encoder.lookahead_samples - geometry.samples_per_frame)
        return cls(geometry, encoder.past_samples, ahead)

    def window_of(self, block: int) -> range:
        """Samples that condition `block`; those below 0 or past the stream's end are zeros.

        The window of block 0 starts early, as if it had as many frames as the others: one shape for all.
        """
        end = self.geometry.frames_of_block(block).stop
        start = end - self.geometry.frames_per_block
        before = self.geometry.samples_before(start) - self.past_samples
        return range(before, self.samples_for_block(block))

    def samples_for_block(self, block: int) -> int:
        """Samples of the stream that must have come before `block` can be conditioned."""
        end = self.geometry.frames_of_block(block).stop
        return self.geometry.samples_before(end) + self.lookahead_samples

    def blocks_of(self, samples: int) -> int:
        """Fewest blocks that show a stream of `samples` samples to its end."""
        return self.geometry.blocks_of(-(-samples // self.geometry.samples_per_frame))

    @torch.no_grad()
    def rows(self, encoder: RowEncoder, window: Float[Tensor, " n"], frames: int) -> Float[Tensor, "t a"]:
        """Rows of a block's `frames` frames from the samples of its window, as long as `window_of` says.

        Each block alone, copied to fresh memory: same shape and alignment, so the same bits however it came.
        """
        count = self.geometry.frames_per_block
        early = self.past_samples - encoder.config.past_samples
        heard = window[early : early + encoder.window_samples(count)].clone()
        rows = encoder.rows(heard[None].to(next(encoder.parameters()).device))[0]
        return rows[count - frames :].clone()

    def features(self, encoder: RowEncoder, audio: Float[Tensor, " n"]) -> Float[Tensor, "t a"]:
        """Rows of all blocks of a whole stream, the last block filled up with silence.

        t = geometry.frames_of(3 * blocks_of(n)). Raises ValueError if the audio is empty, not mono, or not finite, and
        if the windows are shorter than what the encoder hears.
        """
        least = SpeechWindows.of(encoder.config, self.geometry)
        if self.past_samples < least.past_samples or self.lookahead_samples < least.lookahead_samples:
            raise ValueError(f"the windows are shorter than what the encoder hears: make them at least {least}")
        if audio.ndim != 1:
            raise ValueError(f"speech must be mono, one axis of samples, not of shape {tuple(audio.shape)}")
        if not len(audio):
            raise ValueError("the speech is empty: give at least one sample")
        if not bool(torch.isfinite(audio).all()):
            raise ValueError("speech holds NaN or infinite samples: drop or repair them first")
        blocks = range(self.blocks_of(len(audio)))
        before, end = -self.window_of(0).start, self.samples_for_block(blocks[-1])
        line = functional.pad(audio.detach().to("cpu", torch.float32), (before, end - len(audio)))
        windows = (line[before + window.start : before + window.stop] for window in map(self.window_of, blocks))
        lengths = (len(self.geometry.frames_of_block(block)) for block in blocks)
        return torch.cat([self.rows(encoder, *pair) for pair in zip(windows, lengths, strict=True)])
