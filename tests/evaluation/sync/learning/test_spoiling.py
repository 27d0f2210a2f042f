"""Spoiling: crops of the expert's size that still show the same movement, sound that stays in its place."""

import numpy as np

from livetalk.evaluation.sync.expert.mouths import HEIGHT, WIDTH
from livetalk.evaluation.sync.learning.spoiling import SpoilingShares, spoil_crops, spoil_sound, warp_bands

ALWAYS = SpoilingShares(*[1.0] * 10)
NEVER = SpoilingShares(*[0.0] * 10)


def _opening() -> np.ndarray:
    """A dark bar in the middle that opens and shuts."""
    crops = np.full((40, 72, 96), 180, np.uint8)
    for frame, crop in enumerate(crops):
        half = 2 + round(6 * abs(np.sin(frame / 4)))
        crop[36 - half : 36 + half, 30:66] = 30
    return crops


def test_movement_survives_everything_but_repeats() -> None:
    dark = (_opening() < 100).mean((1, 2))
    for seed in range(20):
        shares = SpoilingShares(repeated=0.0) if seed % 2 else ALWAYS
        seen = spoil_crops(_opening(), np.random.default_rng(seed), shares)
        assert seen.shape == (40, HEIGHT, WIDTH)
        grey = -seen.mean((1, 2))
        assert np.corrcoef(dark, grey)[0, 1] > (0.9 if seed % 2 else 0.6), seed


def test_crops_without_faults_are_nearly_the_middle() -> None:
    crops = np.tile(np.arange(96, dtype=np.uint8) * 2, (5, 72, 1))
    seen = spoil_crops(crops, np.random.default_rng(0), NEVER)
    assert np.corrcoef(seen[0, 20], np.arange(WIDTH))[0, 1] > 0.98


def test_sound_stays_where_it_is() -> None:
    time = np.arange(32_000) / 16_000
    beep = (0.3 * np.sin(2 * np.pi * 300 * time) * (abs(time - 1) < 0.1)).astype(np.float32)
    for seed in range(10):
        heard = spoil_sound(beep, np.zeros(16_000, np.float32), np.random.default_rng(seed), ALWAYS)
        assert heard.shape == beep.shape
        assert heard.dtype == np.float32
        loud = np.flatnonzero(np.abs(heard) > 0.5 * np.abs(heard).max())
        assert abs(float(np.median(loud)) / 16_000 - 1) < 0.08, seed


def test_another_throat_moves_bands_and_not_time() -> None:
    rows = np.zeros((6, 40), np.float32)
    rows[3, 20] = 1
    for factor, side in ((0.8, 1), (1.25, -1)):
        warped = warp_bands(rows, factor)
        assert (warped[[0, 1, 2, 4, 5]] == 0).all()
        assert (int(warped[3].argmax()) - 20) * side > 1
    assert np.allclose(warp_bands(rows, 1.0), rows)
