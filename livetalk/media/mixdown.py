"""Mixing down: any number of channels to one, without losing the speech of any of them.

The channels are averaged. One that is another turned upside down (L = -R, a microphone wired the wrong way round) is
turned back first, for the two would cancel out. Of more than two channels those that carry no sound do not count: the
one voice among eight microphones keeps its level. Also finds the scale of samples that are no fractions of 1.
Pure numpy; knows no files.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32, Float64

AGAINST = -0.3  # correlation with the other channels below which a channel is upside down
FAINT = 1e-3  # of the loudest channel's power: what does not count as a channel with sound
# Float samples are in [-1, 1], a little beyond it where a sound was clipped; or integers that were stored as floats.
BEYOND = 8.0
SIXTEEN_BITS = 32_768.0
HIGHEST = 2.0**40  # what is beyond it is damage


@dataclass(frozen=True)
class Mixdown:
    """How a file's channels are mixed. weights: of its channels, by their number, where they are no plain mean.

    scale: what a sample is multiplied by to be in [-1, 1].
    """

    scale: float = 1.0
    weights: Mapping[int, Float32[np.ndarray, " c"]] = field(default_factory=dict[int, Float32[np.ndarray, " c"]])

    def scaled(self, samples: Float32[np.ndarray, "n c"]) -> Float32[np.ndarray, "n c"]:
        """Samples in about [-1, 1]; what is no number, or beyond any scale, is silence."""
        samples = np.where(np.abs(samples) < HIGHEST, samples, np.float32(0))
        return samples if self.scale == 1.0 else samples * np.float32(self.scale)

    def mono(self, samples: Float32[np.ndarray, "n c"]) -> Float32[np.ndarray, "n 1"]:
        """Scaled samples of any number of channels as one channel."""
        channels = samples.shape[1]
        # The mean, not FFmpeg's downmix: that one lifts the level by 3 dB in float.
        weights = self.weights.get(channels)
        if weights is None:
            weights = np.full(channels, 1 / channels, np.float32)
        return (samples @ weights)[:, None]


PLAIN = Mixdown()


def survey(pieces: Iterable[Float32[np.ndarray, "n c"]]) -> Mixdown | None:
    """The mixdown that suits a sound; None where all samples that are not 0 are beyond any scale."""
    peak, beyond, powers = 0.0, False, dict[int, Float64[np.ndarray, "c c"]]()
    for piece in pieces:
        size = np.abs(piece)
        beyond |= bool((size >= HIGHEST).any())
        known = np.where(size < HIGHEST, piece, 0).astype(np.float64)
        peak = max(peak, float(np.abs(known).max(initial=0)))
        channels = piece.shape[1]
        known = (known - known.sum(axis=0) / max(1, len(known)))[
            :: max(1, channels // 4)
        ]  # of many channels some samples are enough
        powers[channels] = powers.get(channels, np.zeros((channels, channels))) + known.T @ known
    if beyond and not peak:
        return None
    weights = {channels: weights_of(power) for channels, power in powers.items()}
    return Mixdown(scale_of(peak), {c: w for c, w in weights.items() if not np.allclose(w, 1 / c)})


def weights_of(power: Float64[np.ndarray, "c c"]) -> Float32[np.ndarray, " c"]:
    """Weights of channels from their covariance."""
    own = power.diagonal()
    channels = len(own)
    signs = np.ones(channels)
    for channel in reversed(range(channels)):
        others = np.where(np.arange(channels) == channel, 0, signs)
        shared, size = others @ power[channel], others @ power @ others
        if shared * signs[channel] < AGAINST * np.sqrt(own[channel] * max(size, 0.0)):
            signs[channel] = -signs[channel]
    sounding = channels if channels <= 2 else max(1, int((own > FAINT * own.max()).sum()))
    return (signs / sounding).astype(np.float32)


def scale_of(peak: float) -> float:
    """What samples with this peak are multiplied by: 1 for floats as they should be, 1/32768 for 16 bits.

    The unit of still greater ones (24 or 32 bits, volts of a tool) is unknown: their peak comes to about a half.
    """
    if peak <= BEYOND:
        return 1.0
    return 1 / SIXTEEN_BITS if peak <= 2 * SIXTEEN_BITS else 2.0 ** -np.ceil(np.log2(peak) + 0.5)
