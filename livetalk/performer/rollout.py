"""The block loop: denoise one block in a few steps through the key-value cache, then write its clean memory.

The only implementation of the loop. Offline generation, live streaming and the self-rollouts of training all call
`next_block`; training passes `RolloutOptions`: stop at a drawn step, keep its gradient. Memory is a value
(`RolloutState`), so that nothing is overwritten under autograd's feet and an old state can be kept or restored.

Does not know: how conditions were made, what latents decode to, clocks, sessions, losses.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from livetalk.dit.compiled import CompiledDiT
from livetalk.dit.model import DiT, TextKV
from livetalk.flow.schedule import Table
from livetalk.nn.kv_cache import AnchoredCache, Cache, KVContext
from livetalk.nn.rope import RotaryEmbedding, apply_rotary

Noise = Callable[[int], Float[Tensor, "b c f h w"]]


@dataclass(frozen=True)
class DenoisingSteps:
    """The student's few steps: time steps as the network sees them and the noise levels used to mix."""

    timesteps: tuple[float, ...]
    sigmas: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.timesteps) != len(self.sigmas) or not self.sigmas:
            raise ValueError("a ladder needs as many time steps as noise levels, and at least one")
        if list(self.sigmas) != sorted(self.sigmas, reverse=True):
            raise ValueError("noise levels must fall")

    def __len__(self) -> int:
        return len(self.sigmas)


@dataclass(frozen=True)
class BlockConditions:
    """Conditions of one block. `audio` is packed, one row a latent frame of the block."""

    reference: Float[Tensor, "b c 1 h w"]  # the portrait's normalised latent
    text: TextKV | Float[Tensor, "b s e"]
    audio: Float[Tensor, "b f g"]


@dataclass(frozen=True)
class RolloutState:
    """Memory of a rollout between blocks: the cache and how many latent frames came before."""

    cache: Cache
    positions: Literal["absolute", "windowed"] = "windowed"
    latents: int = 0


@dataclass(frozen=True)
class RolloutOptions:
    """Which steps of a block run and where gradients flow. Serving uses the default: all steps, no gradient."""

    exit_step: int | None = None  # the last step that runs; None for the whole ladder
    gradient: bool = False  # of that last step


def reference_channels(
    reference: Float[Tensor, "b c 1 h w"], frames: int, holds_portrait: bool
) -> Float[Tensor, "b c1 f h w"]:
    """The portrait's latent on every frame and the mask: 0 on the frame that is the portrait itself, else 1."""
    b, _, _, h, w = reference.shape
    mask = reference.new_ones(b, 1, frames, h, w)
    if holds_portrait:
        mask[:, :, 0] = 0
    return torch.cat([reference.expand(-1, -1, frames, -1, -1), mask], 1)


def _with_portrait(x: Tensor, reference: Tensor, first: bool) -> Tensor:
    return torch.cat([reference, x[:, :, 1:]], 2) if first else x


def _with_known(x: Tensor, known: Tensor | None) -> Tensor:
    return x if known is None else torch.cat([known, x[:, :, known.shape[2] :]], 2)


def next_block(
    model: DiT | CompiledDiT,
    noise: Noise,
    conditions: BlockConditions,
    state: RolloutState,
    ladder: DenoisingSteps,
    plan: RolloutOptions = RolloutOptions(),
    known: Float[Tensor, "b c m h w"] | None = None,
) -> tuple[Float[Tensor, "b c f h w"], RolloutState]:
    """Clean latents of the next block and the state after it.

    `noise(i)` gives standard normal latents for step i of this block (the block's length is taken from it). The
    first latent frame of a stream is the portrait: it is put in before every step and into the result, so that the
    network always sees it clean. `known`: the block's first m latent frames where they are settled already (an
    interrupted block, whose beginning has been seen); they are given clean, at time step 0.
    """
    first, reference = state.latents == 0, conditions.reference
    x = noise(0)
    frames = x.shape[2]
    given = reference_channels(reference, frames, first)
    grid = (x.shape[3] // model.config.patch, x.shape[4] // model.config.patch)
    past, turn = _window(model, state, frames, grid, x.device)
    text = conditions.text
    if not isinstance(text, TextKV) and not plan.gradient:
        text = model.project_text(text)

    def denoise(x: Tensor, step: int) -> Tensor:
        x = _with_portrait(_with_known(x, known), reference, first)
        # One time step for all frames, unless some are known.
        t = torch.full((x.shape[0], 1 if known is None else frames), ladder.timesteps[step], device=x.device)
        if known is not None:
            t[:, int(first) : known.shape[2]] = 0
        return x - ladder.sigmas[step] * model(x, t, given, text, conditions.audio, turn, past)

    last = len(ladder) - 1 if plan.exit_step is None else plan.exit_step
    for step in range(last):
        with torch.no_grad():
            clean = denoise(x, step)
        sigma = ladder.sigmas[step + 1]
        x = (1 - sigma) * clean + sigma * noise(step + 1)
    with torch.set_grad_enabled(plan.gradient):
        clean = denoise(x, last)
    clean = _with_portrait(_with_known(clean, known), reference, first)
    with torch.no_grad():
        memory = text if isinstance(text, TextKV) else model.project_text(text)
        after = _remember(model, clean.detach(), given, memory, conditions.audio, turn, past, state)
    return clean, after


@torch.no_grad()
def remember_block(
    model: DiT | CompiledDiT, clean: Float[Tensor, "b c f h w"], conditions: BlockConditions, state: RolloutState
) -> RolloutState:
    """The state after a block whose clean latents are settled, heard again with `conditions`. No denoising."""
    frames, p = clean.shape[2], model.config.patch
    given = reference_channels(conditions.reference, frames, state.latents == 0)
    past, turn = _window(model, state, frames, (clean.shape[3] // p, clean.shape[4] // p), clean.device)
    text = conditions.text
    memory = text if isinstance(text, TextKV) else model.project_text(text)
    return _remember(model, clean, given, memory, conditions.audio, turn, past, state)


def _window(
    model: DiT | CompiledDiT, state: RolloutState, frames: int, grid: tuple[int, int], device: torch.device
) -> tuple[tuple[KVContext, ...] | None, RotaryEmbedding]:
    """Past keys and values, rotated, and the rotation of the block itself."""
    if state.positions == "absolute":
        times = torch.arange(state.latents, state.latents + frames, device=device)
        return state.cache.past(None), model.rope(times, grid)
    kept = state.cache.frames
    turn = model.rope(torch.arange(kept + frames, device=device), grid)
    split = kept * grid[0] * grid[1]
    return state.cache.past(turn[:split]), turn[split:]


def _remember(
    model: DiT | CompiledDiT,
    clean: Float[Tensor, "b c f h w"],
    given: Float[Tensor, "b c1 f h w"],
    text: TextKV,
    audio: Float[Tensor, "b f g"],
    turn: RotaryEmbedding,
    past: tuple[KVContext, ...] | None,
    state: RolloutState,
) -> RolloutState:
    """The clean pass, time step 0: keys and values that later blocks will see."""
    zero = torch.zeros(clean.shape[0], 1, device=clean.device)
    own = model.compute_kv(clean, zero, given, text, audio, turn, past)
    if state.positions == "absolute":
        own = tuple((apply_rotary(k, turn), v) for k, v in own)
    return replace(state, cache=state.cache.append(own), latents=state.latents + clean.shape[2])


def begin(
    tokens_per_frame: int,
    block: int,
    anchors: int,
    rolling: int,
    positions: Literal["absolute", "windowed"] = "windowed",
) -> RolloutState:
    """An empty state. The window is `anchors` + `rolling` latent frames, the block being denoised counted in."""
    return RolloutState(AnchoredCache(anchors, anchors + rolling - block, tokens_per_frame), positions)


def denoising_steps(table: Table) -> DenoisingSteps:
    """The ladder whose rungs are a table's entries."""
    return DenoisingSteps(tuple(table.timesteps.tolist()), tuple(table.sigmas.tolist()))
