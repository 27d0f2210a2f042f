"""A transformer's velocity under guidance: up to three predictions in one batch, joined by the one guidance formula.

Knows that zeros mean "no text" and "no audio". Used by trajectories and by the teacher's score.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from livetalk.dit.model import DiT
from livetalk.flow.guidance import guided, passes
from livetalk.recipes.config import Guidance


def guided_velocity(
    model: DiT,
    x: Float[Tensor, "b c f h w"],
    t: Float[Tensor, "b f"],
    given: Float[Tensor, "b c1 f h w"],
    text: Float[Tensor, "b s e"],
    audio: Float[Tensor, "b f g"],
    scales: Guidance,
) -> Float[Tensor, "b c f h w"]:
    """Velocity of whole clips under `scales`."""
    needed = passes(scales.text, scales.audio)
    texts = {"nothing": torch.zeros_like(text), "text": text, "full": text}
    sounds = {"nothing": torch.zeros_like(audio), "text": torch.zeros_like(audio), "full": audio}
    n = len(needed)
    out = model(
        x.repeat(n, 1, 1, 1, 1),
        t.repeat(n, 1),
        given.repeat(n, 1, 1, 1, 1),
        torch.cat([texts[p] for p in needed]),
        torch.cat([sounds[p] for p in needed]),
    )
    parts: dict[str, Tensor] = dict(zip(needed, out.chunk(n), strict=True))
    return guided(parts.get("full"), parts.get("text"), parts.get("nothing"), scales.text, scales.audio)
