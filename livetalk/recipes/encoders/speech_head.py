"""Training of the head that gives Whisper's tokens the place of another encoder's rows.

The rows of the small encoder (speech.py) on clean synthetic voices are the targets: it knows those voices well, and
the transformers know its rows. The head is asked for the same rows from Whisper's tokens of the same speech, also
when it is roughened, and for the mouth that is labelled. Transformers then hear the new encoder without learning anew.
Tokens are made once; the trunk stays as it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from livetalk.conditions.speech import LoadedSpeechEncoder
from livetalk.conditions.speech_whisper import RowHead, WhisperSpeechEncoder
from livetalk.recipes.config import WhisperTraining
from livetalk.recipes.encoders.speech import framing_of, rate_at
from livetalk.recipes.encoders.speech_augment import CLEAN, Roughness, Surroundings, roughen
from livetalk.recipes.encoders.speech_batches import GAP, Labelled, crop

SPEED_ONLY = replace(CLEAN, speed=0.7)
AS_HEARD = Roughness(speed=0, babble=0.1, tone=0.6, band=0.2, room=0.4, noise=0.6, level=0.9)
LEVEL_ONLY = replace(CLEAN, level=0.5)


@dataclass(frozen=True)
class HeardBlocks:
    """Blocks of speech as the trunk hears them, with the rows and the mouths that are wanted."""

    tokens: Float[Tensor, "n tokens d"]  # float16
    rows: Float[Tensor, "n t a"]
    mouth: Float[Tensor, "n t targets"]

    @classmethod
    def joined(cls, parts: Sequence["HeardBlocks"]) -> "HeardBlocks":
        """All blocks of several."""
        return cls(*(torch.cat([getattr(part, one.name) for part in parts]) for one in fields(cls)))


@torch.no_grad()
def hear(
    encoder: WhisperSpeechEncoder,
    like: LoadedSpeechEncoder,
    shelf: Sequence[Labelled],
    blocks: int,
    rough: Roughness = AS_HEARD,
    seed: int = 0,
    report: Callable[[int], None] | None = None,
) -> HeardBlocks:
    """`blocks` random blocks at random speeds: tokens of the roughened speech, rows of the clean speech."""
    config, rng = encoder.config, np.random.default_rng(seed)
    framing = framing_of(encoder, config.block)
    around = Surroundings.make(framing.samples, rng, 64)
    early, late = config.past_samples - like.config.past_samples, like.window_samples(config.block)
    found = list[tuple[Tensor, Tensor, Tensor]]()
    for start in range(0, blocks, 32):
        batch = crop(shelf, min(32, blocks - start), framing, SPEED_ONLY, around, rng)
        rows = like.rows(batch.audio[:, early : early + late])
        found.append((encoder.trunk(roughen(batch.audio, rough, around, rng)).half(), rows, batch.mouth[:, :, 1]))
        if report:
            report(start + len(rows) - 1)
    return HeardBlocks(*(torch.cat(parts) for parts in zip(*found, strict=True)))


def readout_of(heard: HeardBlocks) -> tuple[Tensor, Tensor, Tensor]:
    """Weight, bias and spread of the linear readout of the mouth from rows, by ridge regression."""
    rows, mouth = heard.rows.flatten(0, 1), heard.mouth.flatten(0, 1)
    known = torch.cat([rows, torch.ones(len(rows), 1)], dim=1)
    ridge = 10 * torch.eye(known.shape[1])
    fitted = cast(Tensor, torch.linalg.solve(known.T @ known + ridge, known.T @ mouth))
    return fitted[:-1], fitted[-1], mouth.std(dim=0).clamp(min=0.01)


def train_speech_head(
    head: RowHead,
    heard: HeardBlocks,
    settings: WhisperTraining,
    seed: int = 0,
    report: Callable[[int, float], None] | None = None,
) -> RowHead:
    """The averaged head after `settings.steps` steps of AdamW on blocks that were heard.

    `report` is called with the step and the mean squared error of the rows.
    """
    generator = torch.Generator().manual_seed(seed)
    weight, bias, spread = readout_of(heard)
    important = torch.ones(len(spread))
    important[GAP] = 3.0  # lips that fail to close are seen at once
    average = AveragedModel(head, multi_avg_fn=get_ema_multi_avg_fn(settings.ema))  # pyright: ignore[reportUnknownArgumentType]
    optimiser = torch.optim.AdamW(head.parameters(), settings.rate, (0.9, 0.98), weight_decay=settings.weight_decay)
    head.train()
    for step in range(settings.steps):
        optimiser.param_groups[0]["lr"] = rate_at(step, settings)
        chosen = torch.randint(len(heard.rows), (settings.batch,), generator=generator)
        with torch.autocast("cpu", torch.bfloat16):
            rows = head(heard.tokens[chosen].float()).float()
        error = functional.mse_loss(rows, heard.rows[chosen])
        mouth = ((rows @ weight + bias - heard.mouth[chosen]) / spread * important).abs().mean()
        optimiser.zero_grad()
        (error + settings.mouth_weight * mouth).backward()
        nn.utils.clip_grad_norm_(head.parameters(), 1.0)
        optimiser.step()
        average.update_parameters(head)
        if report:
            report(step, error.item())
    return cast(RowHead, average.module).eval()
