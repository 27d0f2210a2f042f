"""Geometry of a clip: counts and clocks derived from a few numbers of the preset, and constants of all pictures.

Time above the frame is counted in blocks of 12 video frames (0.75 s at 16 fps). A latent frame holds
`time_compression` video frames, except the first one of a session, which holds a single frame (the
portrait's), so that f latent frames are 4f - 3 video frames. This module knows numbers only: no tensors,
no files, no models.
"""

from dataclasses import dataclass
from typing import Literal

FrameSize = int | Literal["coded", "auto"]
"""Side of frames in pixels, the size that the model codes, or the largest (live: that the machine makes in time)."""

SAMPLE_RATE = 16_000  # of speech as every model here hears it, in Hz
FRAME_RATE = 16  # of every video here, in frames a second

# A framed portrait: side and centre (across, down) of the face's box as fractions of the picture's side, as dlib sees
# the rendered heads of training, means over 36 held-out people. Their eyes are 0.215 apart, at a height of 0.44.
FACE_SIDE = 0.540
FACE_CENTRE = (0.500, 0.560)
LUMA = (0.299, 0.587, 0.114)  # red, green, blue in grey (Rec. 601)


@dataclass(frozen=True)
class Geometry:
    """Shape of one stream: pixels, latents, tokens and blocks.

    Frame i of a session shows the face at exactly i / frame_rate seconds; its pts on the sample clock is
    `samples_before(i)`.
    """

    size: int  # height and width of a frame, pixels
    latent_channels: int
    space_compression: int = 8  # pixels a latent cell covers along one side
    time_compression: int = 4  # video frames a latent frame covers (the first covers one)
    patch: int = 2  # latent cells a token covers along one side
    block_latents: int = 3  # latent frames denoised together
    anchor_latents: int = 9  # identity anchors kept for ever (paper section 3.3, AHIS)
    rolling_latents: int = 6  # recent latent frames, the block being denoised included
    frame_rate: int = FRAME_RATE
    sample_rate: int = SAMPLE_RATE

    def __post_init__(self) -> None:
        if self.size % (self.space_compression * self.patch):
            raise ValueError(f"size {self.size} must be a multiple of {self.space_compression * self.patch}")
        if self.sample_rate % self.frame_rate:
            raise ValueError("a frame must last a whole number of samples")

    @property
    def latent_size(self) -> int:
        return self.size // self.space_compression

    @property
    def grid(self) -> int:
        """Tokens along one side of a latent frame."""
        return self.latent_size // self.patch

    @property
    def tokens_per_latent(self) -> int:
        return self.grid**2

    @property
    def window_latents(self) -> int:
        return self.anchor_latents + self.rolling_latents

    @property
    def samples_per_frame(self) -> int:
        return self.sample_rate // self.frame_rate

    @property
    def frames_per_block(self) -> int:
        """Video frames of every block but the first."""
        return self.block_latents * self.time_compression

    @property
    def block_seconds(self) -> float:
        return self.frames_per_block / self.frame_rate

    def frames_of(self, latents: int) -> int:
        """Video frames in the first `latents` latent frames of a session."""
        return max(0, self.time_compression * (latents - 1) + 1)

    def latents_of(self, frames: int) -> int:
        """Fewest latent frames that cover `frames` video frames from the start of a session."""
        return 0 if frames <= 0 else 1 + -(-(frames - 1) // self.time_compression)

    def blocks_of(self, frames: int) -> int:
        """Fewest blocks that cover `frames` video frames."""
        return -(-self.latents_of(frames) // self.block_latents)

    def frames_of_block(self, block: int) -> range:
        """Video frames of block `block`, counted from the start of the session."""
        end = self.frames_of((block + 1) * self.block_latents)
        return range(self.frames_of(block * self.block_latents), end)

    def samples_before(self, frame: int) -> int:
        """Audio samples before video frame `frame`: its pts on the sample clock."""
        return frame * self.samples_per_frame
