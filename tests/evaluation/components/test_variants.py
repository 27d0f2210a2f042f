"""Variants lack one component and nothing else."""

import numpy as np
import pytest
import torch

from livetalk.evaluation.components.variants import with_anchors, with_cut_windows, with_noisy_memory
from livetalk.performer.networks import Networks
from livetalk.performer.performer import Performer

PORTRAIT = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
SOUND = np.random.default_rng(1).normal(0, 0.1, 48_000).astype(np.float32)


def made(networks: Networks) -> np.ndarray:
    return np.concatenate([block.frames for block in Performer(networks).perform(PORTRAIT, [SOUND], "calm")])


@pytest.mark.parametrize("anchors", [0, 3, 9])
def test_anchors_change_what_is_kept_of_a_window_that_stays_as_long(performer: Performer, anchors: int) -> None:
    variant = with_anchors(performer.networks, anchors)
    window = performer.networks.preset.geometry.window_latents
    assert variant.preset.geometry.window_latents == window
    assert variant.kv_pool(1).shape.anchors == anchors // 3
    whole, other = made(performer.networks), made(variant)
    assert len(other) == len(whole)
    first = (whole == other).all(axis=(1, 2, 3))
    assert first[:33].all(), "nothing has left the window yet"
    assert not first.all()


@pytest.mark.parametrize("anchors", [-3, 2, 12])
def test_anchors_that_do_not_fit_are_refused(performer: Performer, anchors: int) -> None:
    with pytest.raises(ValueError, match="give whole blocks of 3 latents, at most 9"):
        with_anchors(performer.networks, anchors)


def test_cut_windows_hear_the_block_and_nothing_around_it(performer: Performer) -> None:
    whole = performer.networks.speech
    cut = with_cut_windows(performer.networks).speech
    g = performer.networks.preset.geometry
    size, past = cut.window_samples(g.frames_per_block), cut.config.past_samples
    window = torch.randn(1, size)
    around, inside = window.clone(), window.clone()
    around[:, : past - 1] += 1
    around[:, past + g.samples_before(g.frames_per_block) :] += 1
    inside[:, past : past + 1000] += 1
    assert torch.equal(cut.rows(window), cut.rows(around))
    assert not torch.equal(whole.rows(window), whole.rows(around))
    assert not torch.equal(cut.rows(window), cut.rows(inside))


def test_noisy_memory_changes_what_later_blocks_remember_and_no_first_block(performer: Performer) -> None:
    whole, noisy = made(performer.networks), made(with_noisy_memory(performer.networks))
    assert (whole[:9] == noisy[:9]).all()
    assert (whole[9:21] != noisy[9:21]).any()
    assert (made(performer.networks) == whole).all(), "the networks themselves stay as they are"
