"""Supervised training of the small speech encoder: roughened speech in, sounds and mouths out.

Linear readouts of each feature row must tell the sound at three times within its frame, and the mouth (ARKIT
units, lip gap) and the loudness there. The readouts are thrown away afterwards and the encoder is frozen: what the
video model then learns from it is all linearly there. Resumes from its checkpoint; stoppable at any time. Knows no
files of speech (it is given labelled utterances) and no video.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from livetalk.conditions.speech import LoadedSpeechEncoder
from livetalk.conditions.speech_tiny import SpeechEncoder, frozen, save_weights
from livetalk.recipes.config import SpeechTraining, WhisperTraining
from livetalk.recipes.encoders.speech_augment import CLEAN, Roughness, Surroundings
from livetalk.recipes.encoders.speech_batches import (
    CLASSES,
    GAP,
    SUBTIMES,
    TARGETS,
    UNSURE,
    Framing,
    Labelled,
    SpeechBatch,
    crop,
)


class SpeechReadout(nn.Module):
    """Linear readouts of a feature row: class scores and mouth targets at each time within the frame."""

    scale: Tensor
    mean: Tensor

    def __init__(self, audio_width: int) -> None:
        super().__init__()
        self.sounds = nn.Linear(audio_width, len(SUBTIMES) * CLASSES)
        self.mouth = nn.Linear(audio_width, len(SUBTIMES) * TARGETS)
        # Set from the training speech, so that every target weighs alike.
        self.register_buffer("scale", torch.ones(TARGETS))
        self.register_buffer("mean", torch.zeros(TARGETS))

    def forward(self, rows: Float[Tensor, "b t a"]) -> tuple[Float[Tensor, "b t sub c"], Float[Tensor, "b t sub m"]]:
        sounds = rearrange(self.sounds(rows), "b t (sub c) -> b t sub c", sub=len(SUBTIMES))
        mouth = rearrange(self.mouth(rows), "b t (sub m) -> b t sub m", sub=len(SUBTIMES))
        return sounds, mouth

    def mouth_of(self, rows: Float[Tensor, "b t a"]) -> Float[Tensor, "b t sub m"]:
        """Mouth targets in their own units."""
        return self(rows)[1] * self.scale + self.mean

    def measure(self, shelf: Sequence[Labelled]) -> None:
        """Take mean and spread of the targets from labelled speech."""
        mouth = torch.cat([item.mouth[::4] for item in shelf])
        self.mean.copy_(mouth.mean(dim=0))
        self.scale.copy_(mouth.std(dim=0).clamp(min=0.01))


class Supervised(nn.Module):
    """The encoder and the readout that teaches it."""

    def __init__(self, encoder: SpeechEncoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.readout = SpeechReadout(encoder.config.audio_width)


def framing_of(encoder: LoadedSpeechEncoder, frames: int) -> Framing:
    """Crops that give `frames` rows of this encoder."""
    return Framing(frames, encoder.config.past_samples, encoder.window_samples(frames))


def loss_of(encoder: SpeechEncoder, readout: SpeechReadout, batch: SpeechBatch, mouth_weight: float) -> Tensor:
    """Cross entropy of the sounds plus squared error of the mouth, closures counted more."""
    sounds, mouth = readout(encoder.rows(batch.audio))
    entropy = functional.cross_entropy(
        sounds.flatten(0, 2), batch.sounds.flatten(), ignore_index=UNSURE, label_smoothing=0.02
    )
    wanted = (batch.mouth - readout.mean) / readout.scale
    error = functional.smooth_l1_loss(mouth, wanted, reduction="none")
    # Lips that fail to close are seen at once; the gap is what people watch.
    error = torch.cat([error[..., :GAP], 3 * error[..., GAP : GAP + 1], error[..., GAP + 1 :]], dim=-1)
    return entropy + mouth_weight * error.mean()


def train_speech_encoder(
    shelf: Sequence[Labelled],
    folder: Path,
    settings: SpeechTraining,
    seed: int = 0,
    report: Callable[[int, float], None] | None = None,
) -> tuple[SpeechEncoder, SpeechReadout]:
    """Train on labelled utterances, resuming from `folder`/speech.pt if it is there.

    Writes the averaged encoder and readout to `folder`/speech.safetensors and .readout as it goes, and returns
    them. The shelf may have grown since the last run. Raises ValueError for an empty shelf.
    """
    if not shelf:
        raise ValueError("no speech to train on: make some with `livetalk data speech`")
    torch.manual_seed(seed)
    encoder = SpeechEncoder()
    model = Supervised(encoder).to(settings.device)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(settings.ema), use_buffers=True)
    optimiser = torch.optim.AdamW(model.parameters(), settings.rate, (0.9, 0.98), weight_decay=settings.weight_decay)
    done = _resume(folder / "speech.pt", model, average, optimiser)
    if not done:
        model.readout.measure(shelf)
    framing = framing_of(encoder, settings.frames)
    around = Surroundings.make(framing.samples, np.random.default_rng(seed), settings.surroundings)
    for step in range(done, settings.steps):
        rng = np.random.default_rng([seed, step])
        optimiser.param_groups[0]["lr"] = rate_at(step, settings)
        batch = crop(shelf, settings.batch, framing, Roughness(), around, rng)
        with torch.autocast(settings.device, torch.bfloat16):
            loss = loss_of(encoder, model.readout, batch.to(settings.device), settings.mouth_weight)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        average.update_parameters(model)
        if report:
            report(step, loss.item())
        if (step + 1) % settings.save_every == 0 or step + 1 == settings.steps:
            _save(folder, step + 1, model, average, optimiser)
    averaged = cast(Supervised, average.module)
    return frozen(averaged.encoder.cpu()), frozen(averaged.readout.cpu())


def rate_at(step: int, settings: SpeechTraining | WhisperTraining) -> float:
    """Warm-up, then a half cosine to nearly nothing."""
    share = step / settings.steps
    return settings.rate * min((step + 1) / settings.warmup, 0.5 * (1 + math.cos(math.pi * share)) + 0.005)


def _save(folder: Path, step: int, model: Supervised, average: AveragedModel, optimiser: torch.optim.Optimizer) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / "speech.pt.part"
    state = {"step": step, "model": model.state_dict(), "average": average.state_dict()}
    torch.save(state | {"optimiser": optimiser.state_dict()}, beside)
    beside.replace(folder / "speech.pt")
    averaged = cast(Supervised, average.module)
    save_weights(averaged.encoder, folder / "speech.safetensors")
    save_weights(averaged.readout, folder / "speech.readout")


def _resume(path: Path, model: Supervised, average: AveragedModel, optimiser: torch.optim.Optimizer) -> int:
    if not path.is_file():
        return 0
    state = torch.load(path, weights_only=True, map_location="cpu")
    model.load_state_dict(state["model"])
    average.load_state_dict(state["average"])
    optimiser.load_state_dict(state["optimiser"])
    return state["step"]


@torch.no_grad()
def speech_scores(
    encoder: SpeechEncoder,
    readout: SpeechReadout,
    shelf: Sequence[Labelled],
    rough: Roughness = CLEAN,
    seed: int = 0,
    batches: int = 12,
) -> dict[str, float]:
    """How well sounds and lips are read, on 8 crops of 4 s a batch.

    `sounds`: share of frames whose sound is right; `gap_r`: Pearson r of the lip gap, mean over crops;
    `closures_seen`, `closures_made_up`: shares of shut and of wide open frames that are read as shut.

    A closure is a frame whose true lip gap is (nearly) none while somebody speaks; it is seen when the gap read
    from the features is under half of the typical one.
    """
    rng, framing = np.random.default_rng(seed), framing_of(encoder, 64)
    around = Surroundings.make(framing.samples, rng)
    found, truth, right, kinds = [], [], [], []
    for _ in range(batches):
        batch = crop(shelf, 8, framing, rough, around, rng)
        rows = encoder.rows(batch.audio)
        known = batch.sounds[:, :, 1] != UNSURE
        right.append((readout(rows)[0][:, :, 1].argmax(dim=-1) == batch.sounds[:, :, 1])[known].float())
        found.append(readout.mouth_of(rows)[:, :, 1, GAP])
        truth.append(batch.mouth[:, :, 1, GAP])
        kinds.append(batch.sounds[:, :, 1])
    gap, true, kind = torch.cat(found), torch.cat(truth), torch.cat(kinds)
    r = [torch.corrcoef(torch.stack([a, b]))[0, 1] for a, b in zip(gap, true, strict=True) if b.std() > 0.01]
    typical = true[kind > 0].quantile(0.7)
    shut, wide = (true < 0.15 * typical) & (kind > 0), (true > 0.8 * typical) & (kind > 0)
    return {
        "sounds": torch.cat(right).mean().item(),
        "gap_r": torch.stack(r).mean().item(),
        "closures_seen": (gap[shut] < typical / 2).float().mean().item(),
        "closures_made_up": (gap[wide] < typical / 2).float().mean().item(),
        "gap_in_silence": (gap[kind == 0].abs().mean() / typical).item(),
        "gap_typical": typical.item(),
    }
