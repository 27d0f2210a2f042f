"""What a detector looks at is as bright in the evening as at noon, and knows no grain."""

import numpy as np
from PIL import Image

from livetalk.conditions.local_contrast import noise_level, normalise_contrast


def test_light_and_contrast_are_the_same_everywhere():
    y, x = np.mgrid[:120, :160]
    pattern = np.where((x // 8 + y // 8) % 2, 1.0, 0.7)
    bright, dim = (np.repeat((light * pattern)[..., None], 3, 2) for light in (250.0, np.where(x < 80, 250.0, 40.0)))
    seen = [np.asarray(normalise_contrast(Image.fromarray(each.astype(np.uint8)), 1.0)) for each in (bright, dim)]
    assert seen[0].shape == (120, 160, 3)
    for side in (slice(0, 55), slice(105, 160)):
        parts = [each[:, side].astype(float) for each in seen]
        assert abs(parts[0].mean() - parts[1].mean()) < 12
        assert 0.7 * parts[0].std() < parts[1].std() < 1.3 * parts[0].std()


def test_grain_is_measured_whatever_it_lies_on():
    y, x = np.mgrid[:100, :100]
    smooth = np.repeat((60 + x + 0.5 * y)[..., None], 3, 2)
    for deviation in (6.0, 20.0, 40.0):
        noise = np.random.default_rng(0).normal(0, deviation, (100, 100, 1))
        image = Image.fromarray(np.clip(smooth + noise, 0, 255).astype(np.uint8))
        assert abs(noise_level(image) - deviation) < 0.15 * deviation
    assert noise_level(Image.fromarray(smooth.astype(np.uint8))) < 1


def test_grain_is_smoothed_and_black_stays_defined():
    grain = np.random.default_rng(0).normal(128, 40, (100, 100, 3)).clip(0, 255).astype(np.uint8)
    once, more = (np.asarray(normalise_contrast(Image.fromarray(grain), blur), float) for blur in (1.0, 3.0))
    assert np.abs(np.diff(more, axis=0)).mean() < 0.6 * np.abs(np.diff(once, axis=0)).mean()
    assert (np.asarray(normalise_contrast(Image.new("RGB", (1, 1)), 1.5)) == 128).all()
