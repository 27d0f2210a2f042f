"""Promises of the preallocated memory: equal to the plain cache, rolled back, copied out, never shared."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from livetalk.dit.model import DiT
from livetalk.flow.schedule import ladder
from livetalk.performer.kv_pool import KEPT, PoolShape, StatePool, side_by_side
from livetalk.performer.rollout import BlockConditions, RolloutState, begin, denoising_steps, next_block
from livetalk.presets import MINIATURE

STEPS = denoising_steps(ladder(4, 3.0))
SHAPE = PoolShape.of(MINIATURE.dit, MINIATURE.geometry)
SMALL = PoolShape(layers=1, heads=1, head_dim=2, anchors=3, rolling=1, block_latents=1, tokens_per_latent=1)


def _noise(seed: int, batch: int = 1):
    generator = torch.Generator().manual_seed(seed)
    made = [torch.randn(1, 12, 3, 4, 4, generator=generator).expand(batch, -1, -1, -1, -1) for _ in STEPS.sigmas]
    return lambda step: made[step]


def _conditions(block: int, face: int = 5) -> BlockConditions:
    torch.manual_seed(face)
    reference, text = torch.randn(1, 12, 1, 4, 4), torch.randn(1, 24, 128)
    torch.manual_seed(100 + block)
    return BlockConditions(reference, text, torch.randn(1, 3, 4 * MINIATURE.dit.audio_dim))


def _step(model, block, state, face=5):
    with torch.inference_mode():
        return next_block(model, _noise(block), _conditions(block, face), state, STEPS)


def test_pages_give_what_the_plain_cache_gives(model: DiT) -> None:
    g = MINIATURE.geometry
    plain = begin(g.tokens_per_latent, g.block_latents, g.anchor_latents, g.rolling_latents)
    paged = RolloutState(StatePool(SHAPE, 1).open().cache())
    for block in range(7):
        a, plain = _step(model, block, plain)
        b, paged = _step(model, block, paged)
        assert torch.equal(a, b)


def test_an_older_state_can_be_gone_back_to(model: DiT) -> None:
    state = RolloutState(StatePool(SHAPE, 1).open().cache())
    states, made = [state], []
    for block in range(6):
        clean, state = _step(model, block, state)
        states.append(state)
        made.append(clean)
    again, after = _step(model, 4, states[4])
    assert torch.equal(again, made[4])
    assert torch.equal(_step(model, 5, after)[0], made[5])


def test_a_snapshot_is_a_copy(model: DiT) -> None:
    pool = StatePool(SHAPE, 2)
    slot = pool.open()
    state = RolloutState(slot.cache())
    for block in range(5):
        _, state = _step(model, block, state)
    kept = slot.snapshot()
    expected, _ = _step(model, 5, state)
    other = pool.open()
    other.restore(kept)
    resumed, _ = _step(model, 5, replace(state, cache=other.cache()))
    assert torch.equal(resumed, expected)


def test_sessions_in_a_batch_are_as_good_as_alone(model: DiT) -> None:
    pool = StatePool(SHAPE, 2)
    alone = {}
    for face in (1, 2):
        state = RolloutState(StatePool(SHAPE, 1).open().cache())
        for block in range(3):
            alone[face], state = _step(model, block, state, face)
    states = [RolloutState(pool.open().cache()) for _ in range(2)]
    joint = RolloutState(side_by_side([s.cache for s in states]))
    for block in range(3):
        pair = [_conditions(block, face) for face in (1, 2)]
        both = BlockConditions(*(torch.cat([getattr(c, n) for c in pair]) for n in ("reference", "text", "audio")))
        with torch.inference_mode():
            made, joint = next_block(model, _noise(block, 2), both, joint, STEPS)
    for place, face in enumerate((1, 2)):
        torch.testing.assert_close(made[place : place + 1], alone[face], rtol=1e-3, atol=1e-3)


def test_nothing_moves_in_memory(model: DiT) -> None:
    pool = StatePool(SHAPE, 1)
    state, address = RolloutState(pool.open().cache()), pool.keys.data_ptr()
    for block in range(3):
        _, state = _step(model, block, state)
    buffers = {k: v[0].data_ptr() for k, v in pool._rooms._made.items()}
    for block in range(3, 9):
        _, state = _step(model, block, state)
    assert pool.keys.data_ptr() == address
    assert {k: v[0].data_ptr() for k, v in pool._rooms._made.items()} == buffers


def test_a_closed_session_leaves_nothing_behind(model: DiT) -> None:
    pool = StatePool(SHAPE, 1)
    slot = pool.open()
    _step(model, 0, RolloutState(slot.cache()))
    assert pool.keys.abs().sum() > 0
    with pytest.raises(ValueError, match="all 1 sessions"):
        pool.open()
    slot.close()
    slot.close()
    assert pool.keys.abs().sum() == 0
    assert pool.free == 1


@given(st.lists(st.integers(0, KEPT - 1), max_size=40))
def test_any_walk_of_steps_and_rollbacks_names_its_own_blocks(backs: list[int]) -> None:
    """A block's page holds its own number, whatever was written, gone back to and written over before."""
    slot = StatePool(SMALL, 1).open()
    history: list[tuple[tuple[int, ...], tuple[int, ...]]] = [((), ())]  # (table, blocks it should hold)
    for number, back in enumerate(backs, 1):
        back = min(back, len(slot.kept) - 1, len(history) - 1)
        history = history[: len(history) - back]
        table, blocks = history[-1]
        mark = torch.full((1, 1, 1, 2), float(number))
        after = slot.write(table, ((mark, mark),), 0)
        grown = (*blocks, number)
        history.append((after, grown if len(grown) <= 4 else grown[:3] + grown[-1:]))
        for kept in slot.kept:
            expected = next(b for t, b in reversed(history) if t == kept)
            assert tuple(int(slot.pool.keys[p, 0, 0, 0, 0]) for p in kept) == expected
