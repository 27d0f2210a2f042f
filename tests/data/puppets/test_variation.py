"""Photographs are changed as a variation says, alike for the same variation, and the person stays."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from livetalk.data.puppets.variation import PLAIN, Variation, sample_variation, varied
from tests.data.puppets.made_up import portrait

SURE = (slice(None), slice(-6, None))  # where the made-up matte is the person only


def test_nothing_is_changed_by_default():
    one = portrait(1)
    assert np.array_equal(varied(one, PLAIN).photograph, one.photograph)
    bare = replace(one, matted=False)
    assert np.array_equal(varied(bare, PLAIN).plate, bare.plate)


def test_the_own_background_keeps_its_detail_where_it_is_seen():
    rng = np.random.default_rng(2)
    alpha = np.zeros((64, 64), np.uint8)
    alpha[20:, 20:44] = 255
    one = replace(portrait(1), photograph=rng.integers(0, 255, (64, 64, 3), np.uint8), alpha=alpha)
    plate = varied(one, PLAIN).plate.astype(int)
    assert np.abs(plate[:, :12] - one.photograph[:, :12]).max() <= 1
    assert plate[30:, 28:36].std(1).mean() < 0.5 * one.photograph[30:, 28:36].std(1).mean()


@pytest.mark.parametrize("kind", ["plain", "gradient", "backdrop", "view"])
def test_other_backgrounds_leave_the_person(kind, tmp_path):
    picture = np.random.default_rng(1).integers(0, 255, (40, 60, 3), np.uint8)
    Image.fromarray(picture).save(tmp_path / "view.png")
    one = portrait(1)
    one = replace(one, plate=255 - one.plate)  # unlike the person
    other = Variation(background=kind, view=str(tmp_path / "view.png"), seed=4)
    changed = varied(one, other)
    assert np.abs(changed.photograph[SURE].astype(int) - one.photograph[SURE]).mean() < 12
    assert np.abs(changed.photograph[:, :6].astype(int) - one.photograph[:, :6]).mean() > 12
    assert changed.plate.shape == one.photograph.shape
    assert np.array_equal(varied(one, other).photograph, changed.photograph)
    assert not np.array_equal(varied(one, replace(other, seed=5)).photograph, changed.photograph)


def test_tones_sharpness_and_compression_change_what_they_say():
    one = portrait(1)
    grey = varied(one, Variation(saturation=0.0)).photograph
    assert np.ptp(grey.astype(int), axis=-1).max() <= 1
    assert varied(one, Variation(gain=(0.8, 0.8, 0.8))).photograph.mean() < 0.85 * one.photograph.mean()
    rough = varied(one, Variation(grain=5.0, seed=1)).photograph.astype(int) - one.photograph
    assert 3 < rough[5:-5, 5:-5].std() < 7
    assert np.abs(varied(one, Variation(blur=2.0)).photograph.astype(int) - one.photograph).max() > 0
    assert np.abs(varied(one, Variation(quality=30)).photograph.astype(int) - one.photograph).max() > 2


def test_drawn_variations_differ_and_leave_unmatted_backgrounds(tmp_path):
    Image.new("RGB", (30, 30)).save(tmp_path / "a.png")
    drawn = [sample_variation(np.random.default_rng(n), True, tmp_path) for n in range(200)]
    assert len({v.background for v in drawn}) == 5
    assert 60 < sum(v.mirrored for v in drawn) < 140
    assert all(bool(v.view) == (v.background == "view") for v in drawn)
    assert {sample_variation(np.random.default_rng(n), False, tmp_path).background for n in range(50)} == {"own"}
    assert "view" not in {sample_variation(np.random.default_rng(n), True).background for n in range(50)}
    with pytest.raises(ValueError, match="no pictures"):
        sample_variation(np.random.default_rng(0), True, tmp_path / "nothing")
