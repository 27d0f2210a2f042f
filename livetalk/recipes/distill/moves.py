"""Moves of a clip's face that its conditions decide, a reader that finds them in latents, and their pull on a network.

Lips follow the speech, lids the track of blinks, smiles and brows the mood that is asked for and the sounds that a
smile gives way to; all are known of every rendered clip. Two walks of a teacher differ in what its lips do with a
sound it is unsure of, and a blink is over in a quarter of a latent frame: neither weighs much in an error over all
cells. Read from what a network makes and held against what the
clip's own face did, they weigh what they are worth. The least squared error is the mean, which follows a sound more
closely than any one draw.
"""

from collections.abc import Mapping
from typing import cast

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from livetalk.dit.audio import pack_audio
from livetalk.recipes.distill.clips import ClipBank, ClipBatch
from livetalk.training.config import Cosine
from livetalk.training.precision import autocast

# Gap over the eyes' distance; pursed 0 to 1; blinks 0 open to 1 shut; corners of the mouth and brows, -1 down to 1 up.
MOVES = ("lips", "round", "lids", "smile", "brows")
PULLED = MOVES[:3]  # smiles and brows are read and told only: pulled, they made a teacher worse (see the notebook)
NOISE = 0.3  # at most, on latents that are read: a reader that single cells cannot fool
_PATCH = 2


def known_moves(*tracks: Float[Tensor, "m t"]) -> Float[Tensor, "m f o"]:
    """Tracks of t = 4f - 3 video frames, one for each of MOVES, grouped by latent frame."""
    assert len(tracks) == len(MOVES)
    return pack_audio(torch.stack(tracks, -1))


class MoveReader(nn.Module):
    """Small network over patches of cells: latents, the portrait's too, by frame -> moves in units of their spread."""

    def __init__(self, channels: int, cells: int, values: int, width: int = 64) -> None:
        super().__init__()
        patches = (cells // _PATCH) ** 2
        self.patch = nn.Sequential(nn.Linear(2 * channels * _PATCH**2, width), nn.SiLU())
        self.whole = nn.Sequential(nn.Linear(patches * width, 2 * width), nn.SiLU(), nn.Linear(2 * width, values))
        self.register_buffer("mean", torch.zeros(values))
        self.register_buffer("spread", torch.ones(values))
        self.mean: Tensor
        self.spread: Tensor

    def forward(
        self, latents: Float[Tensor, "b c f h w"], portrait: Float[Tensor, "b c 1 h w"]
    ) -> Float[Tensor, "b f o"]:
        """Moves of every latent frame, standardised."""
        both = torch.cat([latents, portrait.expand_as(latents)], 1)
        patches = rearrange(both, "b c f (h p) (w q) -> b f (h w) (c p q)", p=_PATCH, q=_PATCH)
        return self.whole(self.patch(patches).flatten(2)).float()

    def standardised(self, moves: Float[Tensor, "b f o"]) -> Float[Tensor, "b f o"]:
        return (moves - self.mean) / self.spread


def fit_move_reader(bank: ClipBank, device: torch.device, steps: int = 1500, batch: int = 32) -> MoveReader:
    """Train a reader on a bank's clips, their latents made noisy; its weights are frozen then."""
    clips = bank.draw(4 * batch)
    _, channels, _, cells, _ = clips.latents.shape
    reader = MoveReader(channels, cells, clips.moves.shape[2]).to(device)
    reader.mean.copy_(clips.moves.mean((0, 1)))
    reader.spread.copy_(clips.moves.std((0, 1)).clamp_min(1e-2))
    optim, rate = torch.optim.AdamW(reader.parameters(), lr=2e-3, weight_decay=0.05), Cosine(warmup=0.05, floor=0.01)
    for step in range(steps):
        for group in optim.param_groups:
            group["lr"] = 2e-3 * rate((step + 1) / steps)
        clips = bank.draw(batch)
        with autocast(device):
            read = reader(_noisy(clips.latents), clips.portrait)
        loss = (read - reader.standardised(clips.moves))[:, 1:].square().mean()
        optim.zero_grad()
        loss.backward()
        optim.step()
    return reader.eval().requires_grad_(False)


def move_pull(
    reader: MoveReader,
    made: Float[Tensor, "b c f h w"],
    clips: ClipBatch,
    main: Float[Tensor, "b c f h w"],
    share: float,
    asked: Float[Tensor, "b f"] | None = None,
) -> tuple[Float[Tensor, "b c f h w"], Tensor]:
    """Gradient with respect to `made` of the squared error of its moves, and that error.

    As long as `share` of the gradient `main` of a stage's own loss: what moves weigh depends on no latent's units.
    asked: 1 in latent frames that count, 0 in others; all of them if None, but never the portrait's.
    """
    with torch.enable_grad(), autocast(made.device, cached=False):
        read_of = made.detach().requires_grad_()
        apart = (reader(_noisy(read_of), clips.portrait) - reader.standardised(clips.moves)).square()
        error = rearrange(apart, "b f (r o) -> b f r o", o=len(MOVES))[..., : len(PULLED)].mean((2, 3))
        asked = (torch.ones_like(error) if asked is None else asked)[:, 1:]
        error = (error[:, 1:] * asked).sum() / asked.sum().clamp_min(1)
        gradient = torch.autograd.grad(error, read_of)[0]
    wanted, length = (cast(Tensor, torch.linalg.vector_norm(x)) for x in (main, gradient))
    return gradient * (share * wanted / length.clamp_min(1e-12)), error.detach()


@torch.no_grad()
def move_agreement(reader: MoveReader, made: Float[Tensor, "b c f h w"], clips: ClipBatch) -> Mapping[str, float]:
    """Correlation over time of each of MOVES, read from `made`, with the known; mean over clips in which it moves."""
    read = reader(made, clips.portrait) * reader.spread + reader.mean
    found: dict[str, float] = {}
    for place, name in enumerate(MOVES):
        a, b = (rearrange(x[:, 1:], "b f (r o) -> o b (f r)", o=len(MOVES))[place] for x in (read, clips.moves))
        a, b = (x - x.mean(1, keepdim=True) for x in (a, b))
        r = (F.normalize(a, dim=1) * F.normalize(b, dim=1)).sum(1)[b.abs().amax(1) > 0]
        if len(r):  # a figure that is not finite would end the run
            found[name] = float(r.mean())
    return found


def _noisy(latents: Tensor) -> Tensor:
    level = NOISE * torch.rand(len(latents), 1, 1, 1, 1, device=latents.device)
    return latents + level * torch.randn_like(latents)
