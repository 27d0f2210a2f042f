"""Anchors never move, and the rolling past is exactly the newest frames that fit."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from livetalk.nn.kv_cache import AnchoredCache


def _block(start: int, frames: int, tokens: int):
    names = torch.arange(start, start + frames).repeat_interleave(tokens).float()
    kv = names.view(1, -1, 1, 1)
    return ((kv, kv + 0.5),)


@settings(deadline=None, max_examples=60)
@given(
    anchor_blocks=st.integers(1, 3), rolling_blocks=st.integers(1, 3), size=st.integers(1, 3), blocks=st.integers(1, 14)
)
def test_the_cache_holds_anchors_then_the_newest_frames(anchor_blocks, rolling_blocks, size, blocks) -> None:
    anchors, room = anchor_blocks * size, (anchor_blocks + rolling_blocks - 1) * size
    cache = AnchoredCache(anchors, room, tokens_per_frame=2)
    for i in range(blocks):
        cache = cache.append(_block(i * size, size, 2))
    seen = cache.layers[0][0].flatten()[::2].int().tolist()
    every = list(range(blocks * size))
    spare = max(0, len(every) - room)
    assert seen == every[:anchors] + every[anchors + spare :]
    assert cache.layers[0][1].flatten()[::2].sub(0.5).int().tolist() == seen


def test_published_window_sees_three_anchor_blocks_the_last_block_and_itself() -> None:
    cache = AnchoredCache(9, 12, tokens_per_frame=1)
    for i in range(8):
        cache = cache.append(_block(3 * i, 3, 1))
    blocks = (cache.layers[0][0].flatten()[::3] / 3).int().tolist()
    assert blocks == [0, 1, 2, 7]


def test_a_window_smaller_than_its_anchors_is_refused() -> None:
    with pytest.raises(ValueError, match="anchors"):
        AnchoredCache(9, 6, 1)
