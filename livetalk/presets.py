"""Named, complete configurations. One code path reads them; nothing else in the package chooses a size.

Knows numbers only; loading weights for a preset is the performer's.
"""

from dataclasses import dataclass, replace
from typing import Literal

from livetalk.codec.motion import PortraitCodecConfig
from livetalk.codec.portrait import PortraitCodec
from livetalk.codec.wan import WanConfig
from livetalk.conditions.speech_wav2vec2 import Wav2Vec2Size
from livetalk.dit.config import DiTConfig, published_audio_blocks
from livetalk.geometry import FrameSize, Geometry


@dataclass(frozen=True)
class Preset:
    """Configuration of a model: everything about it that is not a weight.

    `shift` bends the noise schedule; the student's ladder is the `steps`-entry table at this shift with time steps
    t = 1000 sigma. `teacher_steps` and the guidance scales are those of trajectories and of the teacher's score.
    """

    name: str
    geometry: Geometry
    dit: DiTConfig
    codec: PortraitCodecConfig | WanConfig
    text_tokens: int
    positions: Literal["absolute", "windowed"] = "windowed"
    shift: float = 3.0
    steps: int = 4
    teacher_steps: int = 48
    training_latents: int = 21  # latent frames of a training clip: 81 video frames
    quick: bool = True  # half of the steps where somebody waits or nothing is said
    longest_prompt: int = 600  # characters; what is behind them could not be heard by the text encoder anyway
    speech: Wav2Vec2Size | None = None  # of the published speech encoder; None for the small one
    as_published: bool = False  # see `as_published`
    scales: tuple[int, ...] = (1,)  # how many times larger than they are coded frames can be shown

    @property
    def sizes(self) -> tuple[int, ...]:
        """Heights and widths that frames can have, ascending."""
        return tuple(self.geometry.size * scale for scale in self.scales)

    def size_of(self, wanted: FrameSize) -> int:
        """Side of frames; the largest for "auto". Raises ValueError for one that frames cannot have."""
        if isinstance(wanted, str):
            return self.sizes[-1 if wanted == "auto" else 0]
        if wanted not in self.sizes:
            sizes = " or ".join(map(str, self.sizes))
            raise ValueError(f"preset {self.name} makes no frames of {wanted} pixels a side: choose {sizes}")
        return wanted

    @property
    def published(self) -> bool:
        """True if the weights are published files of others instead of bundles of ours."""
        return isinstance(self.codec, WanConfig)

    def build_codec(self) -> PortraitCodec:
        """The codec, its weights untrained."""
        assert not isinstance(self.codec, WanConfig), "published codecs come from their file (performer.loading)"
        return PortraitCodec(self.codec)


_TINY_CODEC = PortraitCodecConfig()

TINY = Preset(
    name="tiny",
    geometry=Geometry(
        size=256,
        latent_channels=_TINY_CODEC.latent_channels,
        space_compression=_TINY_CODEC.space_compression,
        patch=2,
    ),
    dit=DiTConfig(
        dim=384,
        layers=7,
        heads=6,
        ffn_dim=768,
        latent_channels=_TINY_CODEC.latent_channels,
        text_dim=128,
        audio_dim=65,
        audio_hidden=128,
        audio_blocks=tuple(range(7)),
        predicts="clean",
        lids=True,
    ),
    codec=_TINY_CODEC,
    text_tokens=24,
    scales=(1, 2),
)

# The same code at a size that trains in seconds on a CPU: what the tests and the recipe's miniature run.
_MINIATURE_CODEC = PortraitCodecConfig(
    latent_channels=12,
    seen=(8, 8, 16),
    encoder_deep=16,
    deep=16,
    deep_blocks=2,
    eighth=16,
    half=16,
    mid=8,
    mid_blocks=1,
    top=8,
)
MINIATURE = Preset(
    name="miniature",
    geometry=Geometry(size=64, latent_channels=12, space_compression=16, patch=2, anchor_latents=6, rolling_latents=6),
    dit=DiTConfig(
        dim=48,
        layers=2,
        heads=2,
        ffn_dim=96,
        latent_channels=12,
        text_dim=128,
        audio_dim=65,
        audio_hidden=32,
        audio_blocks=(0, 1),
        freq_dim=64,
        predicts="clean",
        lids=True,
    ),
    codec=_MINIATURE_CODEC,
    text_tokens=24,
    teacher_steps=4,
    scales=(1, 2),
)

# The published transformers; every other number of them follows from these.
DIT_1_3B = DiTConfig(
    dim=1536,
    layers=30,
    heads=12,
    ffn_dim=8960,
    latent_channels=16,
    text_dim=4096,
    audio_dim=14 * 768,
    audio_blocks=published_audio_blocks(30),
)
DIT_14B = replace(DIT_1_3B, dim=5120, layers=40, heads=40, ffn_dim=13_824, audio_blocks=published_audio_blocks(40))

# The published student and what it needs; and the same classes at a size for tests.
FULL = Preset(
    name="1.3b",
    geometry=Geometry(size=512, latent_channels=16),
    dit=DIT_1_3B,
    codec=WanConfig(),
    text_tokens=512,
    shift=5.0,
    quick=False,
    longest_prompt=2400,
    speech=Wav2Vec2Size(),
)
MINIATURE_FULL = replace(
    FULL,
    name="miniature-1.3b",
    geometry=Geometry(size=64, latent_channels=16),
    dit=replace(
        DIT_1_3B,
        dim=48,
        layers=6,
        heads=2,
        ffn_dim=96,
        text_dim=48,
        audio_dim=5 * 24,
        audio_hidden=16,
        audio_blocks=published_audio_blocks(6),
        freq_dim=64,
    ),
    codec=WanConfig(width=8),
    speech=Wav2Vec2Size(width=24, layers=3, heads=4, ffn=48, convolutions=16, groups=4, reach=16),
)


# The teacher of the published recipe: OmniAvatar at 14 billion parameters. Trained with, not served.
TEACHER_14B = replace(FULL, name="14b-teacher", dit=DIT_14B)


def as_published(preset: Preset) -> Preset:
    """The preset as its authors run it: absolute positions, the whole clip's speech heard at once, time steps rounded.

    Offline only: it needs all of the speech before the first frame, and its positions end after 1,024 latent frames.
    Raises ValueError for a preset that has no authors but us.
    """
    if not preset.published:
        raise ValueError(f"--as-published is for published weights: use --preset {FULL.name}, or leave it out")
    return replace(preset, positions="absolute", as_published=True)


PRESETS = {preset.name: preset for preset in (TINY, MINIATURE)}
FULL_PRESETS = {preset.name: preset for preset in (FULL, MINIATURE_FULL)}
