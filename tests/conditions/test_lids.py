"""A face blinks as often as people do, alike however its frames are asked for, and only from blinks in the truth."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from livetalk.conditions.lids import LOUD, OPEN_FIRST, blinking, blinks_of, with_lids
from livetalk.data.acting import face
from livetalk.dit.audio import AudioPack, with_lids_unheard
from livetalk.geometry import FRAME_RATE
from livetalk.presets import MINIATURE, TINY


def test_a_face_blinks_as_often_as_people_at_rest_and_not_at_once() -> None:
    lids = blinking(0, 600 * FRAME_RATE, 3, TINY.geometry)
    assert not lids[:OPEN_FIRST].any()
    shut = (lids[1:] == 1) & (lids[:-1] < 1)
    assert 15 <= shut.sum() / 10 <= 21
    gaps = np.diff(np.flatnonzero(shut)) / FRAME_RATE
    assert gaps.max() < 7
    assert gaps.std() > 0.8, "nobody blinks like a clock"
    assert (blinking(0, 400, 4, TINY.geometry) != blinking(0, 400, 5, TINY.geometry)).any()
    geometry = TINY.geometry
    for begin in np.flatnonzero(shut):  # it fills the last latent frame of a block
        block = next(b for b in range(10**4) if begin in geometry.frames_of_block(b))
        assert begin == geometry.frames_of_block(block).stop - geometry.time_compression


@given(first=st.integers(0, 3000), frames=st.integers(1, 90), seed=st.integers(0, 2**63))
def test_frames_are_the_same_however_they_are_asked_for(first: int, frames: int, seed: int) -> None:
    together = blinking(first, frames, seed, TINY.geometry)
    apart = [blinking(first + i, 1, seed, TINY.geometry) for i in range(frames)]
    assert np.array_equal(together, np.concatenate(apart))


def test_blinks_of_the_truth_are_found_beside_moods_that_narrow_the_eyes() -> None:
    times = np.arange(2000) / FRAME_RATE
    true = face.blinks(np.random.default_rng(0), times, 3.5)
    seen = blinks_of(np.maximum(np.full(2000, 0.4), true)[:, None].repeat(2, 1))
    assert not seen[true < 0.4].any()
    assert (seen[true == 1] == 1).all()
    shown = blinking(0, 2000, 0, TINY.geometry)
    assert abs(shown[shown > 0].mean() - seen[seen > 0].mean()) < 0.15


def test_weights_from_before_load_and_heed_no_lids() -> None:
    config = MINIATURE.dit
    pack, rows = AudioPack(config), torch.randn(1, 9, config.speech_dim)
    old = {"proj.weight": torch.randn(32, 4 * config.speech_dim), "proj.bias": torch.zeros(32)}
    names = {"audio_proj.proj.weight": old["proj.weight"]}
    old["wide"] = with_lids_unheard(names, config)["audio_proj.proj.weight"]
    pack.proj.weight.data, pack.proj.bias.data = old["wide"], old["proj.bias"]
    assert with_lids_unheard({"audio_proj.proj.weight": old["wide"]}, config)["audio_proj.proj.weight"] is old["wide"]
    packed = with_lids(rows[:, 1:], np.ones((1, 8)))
    assert float(packed[..., -1].mean()) == LOUD
    torch.testing.assert_close(
        pack(packed.reshape(1, 2, -1)), pack.norm_out(rows[:, 1:].reshape(1, 2, -1) @ old["proj.weight"].T)
    )
