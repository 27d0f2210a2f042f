"""Training of the sync expert: a mouth has to find its own sound among shifted and swapped ones, and the reverse.

The loss is InfoNCE (arXiv:1807.03748) twice: over the frames of the same clip, whose wrong answers are shifts of the
right one, and over all clips of the batch, whose wrong answers are other people's speech. Knows clips; not how they
were made.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor
from torch.nn import functional as F

from livetalk.evaluation.sync.expert.listening import means_of_crops
from livetalk.evaluation.sync.expert.mel import ROWS, log_mel
from livetalk.evaluation.sync.expert.mouths import HEIGHT, WIDTH
from livetalk.evaluation.sync.expert.network import SyncExpert
from livetalk.evaluation.sync.lags import published_figures
from livetalk.evaluation.sync.learning.examples import SpokenMouth
from livetalk.evaluation.sync.learning.spoiling import spoil_crops, spoil_sound, warp_bands

THROATS = (0.78, 1.28)  # factors of frequency: few voices stand for many

Tell = Callable[[int, float], None]


@dataclass(frozen=True)
class ExpertRecipe:
    """How long and how fast; the defaults are those of the bundled weights."""

    steps: int = 1500
    clips: int = 12  # a step
    frames: int = 32  # of each
    sounds: int = 6  # ways in which each clip's sound is spoiled, once for all; its crops are spoiled anew each time
    rate: float = 2e-3  # at its highest, after a tenth of the steps
    decay: float = 0.02
    temperature: float = 0.07
    swapped: float = 0.5  # weight of other clips' speech, against the same clip's shifts
    seed: int = 0


def train(
    clips: Sequence[SpokenMouth], recipe: ExpertRecipe, tell: Tell, start: SyncExpert | None = None
) -> SyncExpert:
    """An expert that has learned from clips; `tell` gets each step and its loss. start: one that goes on learning."""
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    heard = spoiled_rows(clips, recipe, rng)
    expert = (start or SyncExpert()).train().requires_grad_()
    expert.looks.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue] a third faster
    optimizer = torch.optim.AdamW(expert.parameters(), recipe.rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, total_steps=recipe.steps, pct_start=0.1)
    for step in range(1, recipe.steps + 1):
        crops, rows = batch(clips, heard, recipe, rng)
        with torch.autocast("cpu", torch.bfloat16):  # a quarter faster where processors have it
            video, sound = expert.embed_video(crops), expert.embed_sound(rows)
        loss = sync_loss(video.float(), sound.float(), recipe)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(expert.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        tell(step, loss.item())
    return expert.eval()


def spoiled_rows(
    clips: Sequence[SpokenMouth], recipe: ExpertRecipe, rng: np.random.Generator
) -> list[list[Float32[np.ndarray, "r 40"]]]:
    """Log-mel rows of each clip's sound, spoiled in some ways."""
    return [[_spoiled(clip, clips[int(rng.integers(len(clips)))], rng) for _ in range(recipe.sounds)] for clip in clips]


def batch(
    clips: Sequence[SpokenMouth],
    heard: Sequence[Sequence[Float32[np.ndarray, "r 40"]]],
    recipe: ExpertRecipe,
    rng: np.random.Generator,
) -> tuple[Float[Tensor, "b t 48 64"], Float[Tensor, "b r 40"]]:
    """Pieces of clips, spoiled."""
    crops, rows = list[Tensor](), list[Tensor]()
    for place in rng.choice(len(clips), recipe.clips, replace=len(clips) < recipe.clips):
        clip, ways = clips[int(place)], heard[int(place)]
        first = int(rng.integers(max(1, len(clip.crops) - recipe.frames + 1)))
        piece, way = slice(first, first + recipe.frames), ways[int(rng.integers(len(ways)))]
        crops.append(torch.from_numpy(spoil_crops(clip.crops[piece], rng)))
        rows.append(torch.from_numpy(way[first * ROWS : (first + recipe.frames) * ROWS]))
    return torch.stack(crops).float() / 255, torch.stack(rows)


def _spoiled(clip: SpokenMouth, other: SpokenMouth, rng: np.random.Generator) -> Float32[np.ndarray, "r 40"]:
    rows = log_mel(spoil_sound(clip.sound, other.sound, rng), len(clip.crops))
    return warp_bands(rows, float(rng.uniform(*THROATS)))


def sync_loss(video: Float[Tensor, "b t d"], sound: Float[Tensor, "b t d"], recipe: ExpertRecipe) -> Float[Tensor, ""]:
    """InfoNCE among shifts and among clips, in both directions."""
    b, t, d = video.shape
    shifts = video @ sound.transpose(1, 2) / recipe.temperature
    own = torch.arange(t).repeat(b)
    shifted = F.cross_entropy(shifts.reshape(b * t, t), own)
    shifted = shifted + F.cross_entropy(shifts.transpose(1, 2).reshape(b * t, t), own)
    every = video.reshape(b * t, d) @ sound.reshape(b * t, d).T / recipe.temperature
    own = torch.arange(b * t)
    swapped = F.cross_entropy(every, own) + F.cross_entropy(every.T, own)
    return (shifted + recipe.swapped * swapped) / 2


def offsets(expert: SyncExpert, clips: Sequence[SpokenMouth]) -> list[int]:
    """The offset that the expert finds in each clip, which is 0 if it is right."""
    found = list[int]()
    for clip in clips:
        down, across = ((kept - shown) // 2 for kept, shown in zip(clip.crops.shape[1:], (HEIGHT, WIDTH), strict=True))
        middle = np.ascontiguousarray(clip.crops[:, down : down + HEIGHT, across : across + WIDTH])
        found.append(published_figures(means_of_crops(expert, middle, clip.sound)).offset)
    return found
