"""Configurations of the recipe's stages: the only place where their numbers stand, and their options' words.

What depends on the model (its noise schedule, its blocks) is the preset's. Numbers only: importing this loads no torch.
"""

import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from livetalk.options import Group, Option
from livetalk.training.config import Constant, Cosine, FlatThenLinear, LoopConfig, OptimConfig

UNSURE = 0.15  # of noise at most beside the usual, where detail is asked for: what a transformer leaves open

BatchSize = Annotated[int, Option("Clips a step and process.", if_given=True)]
Join = Annotated[float, Option("Weight of a block's first latent frame.", flag="--join-weight", min=0)]
Adversary = Annotated[float, Option("Pull of a judge of detail, in units of an L1 error's.", min=0)]
Moves = Annotated[
    float,
    Option("Pull towards what lips and lids of a clip did, as a share of the loss's own.", flag="--moves", min=0),
]
TEXTURE = "Weight of detail, wherever it lies."


@dataclass(frozen=True)
class Budget:
    """When a stage ends: steps, seconds, or whichever comes first."""

    steps: Annotated[int | None, Option("Budget in steps.")] = None
    seconds: Annotated[float | None, Option("Wall-clock budget; goes on counting after a resume.")] = None
    checkpoint_every_s: float = 120.0
    sample_every_s: Annotated[float, Option("Seconds between samples.", flag="--sample-every")] = 120.0
    stop_after_s: Annotated[  # of this call, which ends with a checkpoint to go on from
        float | None, Option("Seconds after which this call leaves a checkpoint and ends.", flag="--stop-after")
    ] = None
    until: Annotated[  # the budget itself if there is no other
        float | None, Option("Clock (seconds of 1970) by which this call ends, come what may.")
    ] = None

    def loop(self, title: str) -> LoopConfig:
        """The loop's settings, from now on: what went before, such as waiting for clips, is off the clock."""
        seconds, stop_after = self.seconds, self.stop_after_s
        if self.until is not None:
            left = max(1.0, self.until - time.time())
            if self.steps is None and seconds is None:
                seconds = left
            else:
                stop_after = left if stop_after is None else min(stop_after, left)
        return LoopConfig(
            title=title,
            steps=self.steps,
            seconds=seconds,
            checkpoint_every_s=self.checkpoint_every_s,
            sample_every_s=self.sample_every_s,
            stop_after_s=stop_after,
            tensorboard=find_spec("tensorboard") is not None,
        )


@dataclass(frozen=True)
class ClipSource:
    """Where a stage's clips come from and how many it holds. `mix`: share of the shards that show puppets of a pack."""

    speech: Annotated[Path | None, Option("Folder of speech features (or a speech shelf, for the codec).")] = None
    shards: Annotated[Path | None, Option("Folder of rendered shards; --run/shards by default.")] = None
    processes: Annotated[int, Option("Rendering processes beside training; 0 reads what is there.")] = 0
    clips: Annotated[int, Option("Clips held on the device.")] = 2400
    puppets: Annotated[Path | None, Option("Pack of fitted portraits to draw puppets from.")] = None
    mix: Annotated[float, Option("Share of the shards that hold puppets.", min=0, max=1)] = 0.0

    def __post_init__(self) -> None:
        if self.mix and self.puppets is None:
            raise ValueError(f"--mix {self.mix:g} asks for puppets: give a pack with --puppets PACK")


@dataclass(frozen=True)
class StreamedClips(ClipSource):
    """Clips that go on coming while a stage trains, which begins when `first` of them are there."""

    first: Annotated[int, Option("Clips that training waits for.")] = 256
    consume: Annotated[bool, Option("Delete shards once read: others render into the folder.")] = False
    held_out_puppets: Annotated[Path | None, Option("Pack with held-out portraits, for held-out figures.")] = None


@dataclass(frozen=True)
class CodecTraining:
    """Batches and loss weights. `length` frames behind the portrait make `length / 4` latent frames."""

    batch: BatchSize = 16
    length: int = 8
    photos: int = 2  # of the batch, where photographs are given
    noise: float = 0.1  # added to latents, so that the decoder forgives the transformer's small errors
    unsure: float = 0.0  # more of it at most, as much as chance has it for each clip
    gradient: float = 0.5
    structure: float = 0.2
    motion: float = 1.0
    flow: float = 0.3
    pull: float = 0.3  # of the flow towards known places, falling to none at `pull_until`
    pull_until: float = 0.4  # of the budget
    first: float = 0.2  # of the portrait's own latent frame
    spread: float = 5e-4  # keeps latents near unit scale: what says nothing costs
    texture: Annotated[float, Option(TEXTURE, min=0, if_given=True)] = 0.0
    pace: Annotated[float, Option("Weight of how much changes from frame to frame.", min=0)] = 0.0
    refill_every: int = 50
    adversary: Adversary = 0.0  # of `recipes.codec.discriminator`; 0 for none
    adversary_from: float = 0.1  # of the budget: it learns to judge before it is listened to
    decoder_only: Annotated[  # a transformer that knows the latents can be trained meanwhile
        bool, Option("Go on with the decoder; latents stay.")
    ] = False
    optim: Annotated[OptimConfig, Group()] = field(
        default_factory=lambda: OptimConfig(
            lr=1e-3,
            betas=(0.9, 0.99),
            eps=1e-12,
            weight_decay=1e-4,
            clip=5.0,
            ema=0.998,
            ema_from=200,
            schedule=Cosine(warmup=0.01, floor=0.01),
        )
    )


@dataclass(frozen=True)
class FinishTraining:
    """Batches and loss weights. `crop` pixels of two consecutive frames are trained on."""

    stretches: Annotated[int, Option("Short stretches of those clips that are kept as features.", min=1)] = 400
    length: int = 8  # frames of a stretch, behind its portrait
    batch: int = 12
    crop: int = 128
    near: float = 0.7  # of crops that lie around a face
    noise: float = 0.25  # at most, on latents: the last layers meet a transformer's errors
    gradient: float = 0.5
    structure: float = 0.2
    motion: float = 1.0
    texture: Annotated[float, Option(TEXTURE, min=0, if_given=True)] = 0.6
    adversary: Adversary = 0.0  # see `CodecTraining`
    optim: Annotated[OptimConfig, Group()] = field(
        default_factory=lambda: OptimConfig(
            lr=2e-3,
            betas=(0.9, 0.99),
            eps=1e-12,
            weight_decay=1e-4,
            clip=5.0,
            ema=0.99,
            ema_from=100,
            schedule=Cosine(warmup=0.02, floor=0.02),
        )
    )


@dataclass(frozen=True)
class Guidance:
    """Scales for text and speech; 1 is no guidance."""

    text: Annotated[float, Option("Guidance by the prompt.", flag="--text-scale")] = 1.0
    audio: Annotated[float, Option("Guidance by speech.", flag="--audio-scale")] = 1.0


@dataclass(frozen=True)
class TeacherTraining:
    """Batch size, noise levels and condition drop-out (probabilities)."""

    batch: BatchSize = 64
    no_text: float = 0.1
    no_audio: float = 0.1
    no_both: float = 0.05
    join: Join = 1.0
    moves: Moves = 0.0
    refill_every: int = 10
    show_steps: int = 24
    show_guidance: Guidance = field(default_factory=lambda: Guidance(2.0, 2.0))
    optim: Annotated[OptimConfig, Group()] = field(
        default_factory=lambda: OptimConfig(
            lr=1e-3,
            betas=(0.9, 0.97),
            weight_decay=0.02,
            clip=1.0,
            ema=0.999,
            ema_from=200,
            schedule=FlatThenLinear(warmup=0.03),
        )
    )


@dataclass(frozen=True)
class OdeTraining:
    """`trajectories` are made first, then regressed. `given_clean`: share of blocks that are given, not predicted."""

    trajectories: Annotated[int, Option("Trajectories of the teacher that each process makes first.")] = 4096
    walk_steps: Annotated[
        int, Option("Steps of a trajectory, a multiple of the student's; 0: the preset's.", min=0)
    ] = 0
    walk_seconds: Annotated[float, Option("Trajectories are made no longer than this; 0: all of them.", min=0)] = 0.0
    walked: int = 64  # trajectories made at a time, at most
    batch: BatchSize = 64
    guidance: Annotated[Guidance, Group()] = field(default_factory=lambda: Guidance(2.0, 2.5))
    given_clean: float = 0.35
    join: Join = 1.0
    moves: Moves = 0.0
    optim: Annotated[OptimConfig, Group()] = field(
        default_factory=lambda: OptimConfig(
            lr=4e-4, betas=(0.9, 0.99), clip=1.0, ema=0.995, ema_from=100, schedule=FlatThenLinear(warmup=0.02)
        )
    )


@dataclass(frozen=True)
class DmdTraining:
    """One step is one critic update; every `ratio`-th is preceded by a generator update, after the warm-up."""

    batch: BatchSize = 32
    ratio: int = 5
    critic_warmup: Annotated[int, Option("Steps in which the critic learns alone.", min=0)] = 20
    guidance: Annotated[Guidance, Group()] = field(  # in the teacher's score only
        default_factory=lambda: Guidance(2.0, 3.0)
    )
    join: Join = 1.0  # in the generator's loss
    moves: Moves = 0.0
    lowest: float = 0.02  # noise levels of the scores
    highest: float = 0.98
    # Of clips that end after any step the critic learns a mixture, in which early ends move less; scores that are held
    # against it ask ends after the last step, which alone are served, for more than the teacher's motion.
    last_only: Annotated[bool, Option("Train the last step, as it is served, instead of any.")] = False
    recorded: Annotated[  # many small kernels, which the host launches more slowly than a GPU runs them
        bool, Option("Replay steps as CUDA graphs.")
    ] = True
    generator: Annotated[OptimConfig, Group()] = field(
        default_factory=lambda: dmd_optim(lr=2e-5, ema=0.99, schedule=Constant(warmup=0.02))
    )
    critic: Annotated[OptimConfig, Group("critic")] = field(
        default_factory=lambda: dmd_optim(lr=2e-5, schedule=Constant(warmup=0.01))
    )


def dmd_optim(lr: float, ema: float | None = None, schedule: Constant = Constant()) -> OptimConfig:  # noqa: B008 - frozen
    """The optimiser of distribution matching: the generator's with averaged weights (`ema`), the critic's without."""
    return OptimConfig(
        lr=lr,
        betas=(0.0, 0.999),
        eps=1e-8,
        weight_decay=0.01,
        clip=10.0,
        ema=ema,
        ema_from=0 if ema is None else 40,
        schedule=schedule,
    )


@dataclass(frozen=True)
class SpeechTraining:
    """Supervised training of the small speech encoder."""

    steps: Annotated[int, Option("Of the speech encoder; a run that ended goes on.", min=1, if_given=True)] = 6000
    batch: int = 16
    frames: int = 40  # of a crop
    rate: float = 2e-3
    warmup: int = 200
    weight_decay: float = 0.02
    ema: float = 0.998
    mouth_weight: float = 4.0
    save_every: int = 200
    surroundings: int = 64  # rooms and noises to pick from
    # Of the networks; crops are made on the CPU.
    device: Annotated[str, Option("Where the speech encoder is trained; the CPU.", if_given=True)] = "cpu"


@dataclass(frozen=True)
class WhisperTraining:
    """Thinning of Whisper's first layers and training of the head on them."""

    blocks: Annotated[
        int, Option("Blocks of 0.75 s that the head learns from; each takes 200 kB of memory.", min=2, if_given=True)
    ] = 12_000
    steps: Annotated[int, Option("Of the head.", min=1, if_given=True)] = 900
    hidden: int = 512  # neurons left in a layer
    windows: int = 48  # of speech, half of it roughened, by which they are judged
    batch: int = 256
    rate: float = 1.5e-3
    warmup: int = 100
    weight_decay: float = 0.05
    ema: float = 0.995
    mouth_weight: float = 0.3


@dataclass(frozen=True)
class TextTraining:
    """Supervised training of the small text encoder."""

    steps: Annotated[
        int, Option("Of the text encoder, which starts anew.", flag="--text-steps", min=1, if_given=True)
    ] = 1000
