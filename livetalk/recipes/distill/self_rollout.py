"""A whole clip rolled out by the student through `performer.rollout.next_block`: what training and samples share.

Knows the order of blocks and one exit step for all of them (Self-Forcing); the loop itself is the performer's.
"""

from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from livetalk.dit.model import DiT, TextKV
from livetalk.geometry import Geometry
from livetalk.performer.rollout import BlockConditions, DenoisingSteps, RolloutOptions, begin, next_block
from livetalk.recipes.context import RunContext
from livetalk.recipes.distill.clips import ClipBatch
from livetalk.recipes.distill.held_out import named
from livetalk.recipes.distill.moves import MoveReader, move_agreement
from livetalk.training.optimizer_step import TrainState
from livetalk.training.precision import autocast, eagerly
from livetalk.training.stage import Preview


def rolled(
    student: DiT,
    batch: ClipBatch,
    geometry: Geometry,
    ladder: DenoisingSteps,
    plan: RolloutOptions = RolloutOptions(),  # noqa: B008 - frozen
) -> Float[Tensor, "b c f h w"]:
    """Clean latents of as many latent frames as `batch.audio` has rows, block by block through the cache."""
    block = geometry.block_latents
    frames = batch.audio.shape[1]
    if frames % block:
        raise ValueError(f"{frames} latent frames do not make blocks of {block}")
    b, c, _, h, w = batch.portrait.shape
    tokens = h * w // student.config.patch**2
    state = begin(tokens, block, geometry.anchor_latents, geometry.rolling_latents)
    text: TextKV | Tensor = batch.text
    if not plan.gradient:
        with torch.no_grad():
            text = student.project_text(batch.text)
    out = []
    for start in range(0, frames, block):
        conditions = BlockConditions(batch.portrait, text, batch.audio[:, start : start + block])

        def noise(step: int) -> Tensor:
            return torch.randn(b, c, block, h, w, device=batch.portrait.device)

        clean, state = next_block(student, noise, conditions, state, ladder, plan)
        out.append(clean.float())
    return torch.cat(out, 2)


@eagerly
@torch.no_grad()
def shown_rollout(
    learner: TrainState, student: DiT, context: RunContext, folder: Path, reader: MoveReader | None = None
) -> Preview | None:
    """Held-out clips rolled out by the averaged student: how far each kind is from the truth, and a few of them drawn.

    The truth is one of many performances that would do, so the error has a floor; a face that is lost lies far above.
    With a reader: how well the face's moves follow the known ones.
    None where nothing is held out.
    """
    held_out, show = context.held_out, context.show
    if held_out is None:
        return None
    geometry, ladder = context.preset.geometry, context.student_steps
    few, metrics = held_out.few(), {}
    assert learner.ema is not None
    with learner.ema.swapped_in(), autocast(few.latents.device):
        made = rolled(student, few, geometry, ladder)
        for kind, clips in held_out.clips.items():
            rollout = rolled(student, clips, geometry, ladder)
            error = (rollout - clips.latents).square().mean(1, keepdim=True)
            metrics[named("held_out_error", kind)] = float((error * clips.weight).mean())
            if reader is not None:
                for name, r in move_agreement(reader, rollout, clips).items():
                    metrics[named(f"held_out_{name}", kind)] = r
    shown = Preview() if show is None else show(folder, made, few)
    return Preview({**shown.metrics, **metrics}, shown.frames)
