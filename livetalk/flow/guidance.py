"""Classifier-free guidance, one formula for every use: g = u + s_text (t - u) + s_audio (c - t).

u is predicted without conditions (negative prompt, no audio), t with the text only, c with everything. No guidance
is a scale of 1. The published DMD code writes c + s (c - u): its scale 5 is our 6, the paper's "CFG 6". Knows
nothing of how a condition is left out.
"""

from typing import Literal

from jaxtyping import Float
from torch import Tensor

Pass = Literal["nothing", "text", "full"]


def passes(text_scale: float, audio_scale: float) -> tuple[Pass, ...]:
    """Which predictions the scales need: only those that do not cancel out of the formula."""
    needed: list[Pass] = []
    if text_scale != 1:
        needed.append("nothing")  # weighs 1 - s_text
    if text_scale != audio_scale:
        needed.append("text")  # weighs s_text - s_audio
    if audio_scale != 0:
        needed.append("full")  # weighs s_audio
    return tuple(needed)


def guided(
    full: Float[Tensor, "*shape"] | None,
    text: Float[Tensor, "*shape"] | None,
    nothing: Float[Tensor, "*shape"] | None,
    text_scale: float,
    audio_scale: float,
) -> Float[Tensor, "*shape"]:
    """The guided prediction. Predictions that `passes` does not name may be None.

    Equal scales s need two passes, u + s (c - u); scales of 1 need one, c, which is returned as it is.
    """
    given = {"nothing": nothing, "text": text, "full": full}
    used = {name: given[name] for name in passes(text_scale, audio_scale)}
    weights = {"nothing": 1 - text_scale, "text": text_scale - audio_scale, "full": audio_scale}
    out: Tensor | None = None
    for name, prediction in used.items():
        assert prediction is not None, f"scales {text_scale}, {audio_scale} need the pass {name!r}"
        weighed = prediction if weights[name] == 1 else weights[name] * prediction
        out = weighed if out is None else out + weighed
    assert out is not None  # the weights sum to 1: one of them is not 0
    return out
