"""What fits on a card is known before anything is loaded, from the shapes that will be allocated."""

import pytest
import torch

from livetalk.performer.kv_pool import PoolShape, StatePool
from livetalk.performer.memory_budget import describe_capacity, memory_needs
from livetalk.presets import FULL


def test_a_card_of_24_gb_holds_a_session_and_a_smaller_one_none():
    assert memory_needs().sessions(24e9) >= 1
    assert memory_needs().sessions(12e9) == 0


def test_the_fast_mode_needs_less_and_larger_cards_hold_more():
    exact, fast = memory_needs(), memory_needs(fast=True)
    assert fast.once < exact.once
    assert fast.session < exact.session
    assert fast.sessions(80e9) >= exact.sessions(80e9) > exact.sessions(24e9)


def test_a_session_is_what_its_pool_and_its_decoder_hold():
    with torch.device("meta"):
        pool = StatePool(PoolShape.of(FULL.dit, FULL.geometry), 1, torch.bfloat16, "meta")
        rooms = pool._rooms.of(1, pool.shape, torch.device("meta"))
    memory = sum(t.numel() * t.element_size() for t in (pool.keys, pool.values, *rooms))
    carries = memory_needs().session - memory
    assert memory == pytest.approx(6.8e9, rel=0.01)  # of which the window itself is 2.83 GB
    assert carries / 3 == pytest.approx(1.2e9, rel=0.1)


def test_the_words_name_the_usual_cards_or_the_one_that_is_here():
    assert "24 GB: 1 exact" in describe_capacity(None)
    assert "no live sessions exact" in describe_capacity(8e9)
    assert describe_capacity(25e9).startswith("25 GB hold 1 live session exact")
