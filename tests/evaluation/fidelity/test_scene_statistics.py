"""Statistics of natural pictures are the published fits, and move with blur and noise."""

import numpy as np
import pytest

from livetalk.evaluation.fidelity.scene_statistics import FEATURES, SceneMeasure, normalised, statistics
from livetalk.evaluation.fidelity.views import ClipView
from tests.evaluation.fidelity.film_files import blurred, film, noisy


def test_shapes_of_known_noise_are_found() -> None:
    rng = np.random.default_rng(0)
    gaussian = np.clip(rng.normal(128, 30, (1, 256, 256, 1)), 0, 255).astype(np.uint8).repeat(3, axis=3)
    found = statistics(gaussian)[0]
    assert found.shape == (FEATURES,)
    # Over its own local spread, white noise is a little flatter than a Gaussian, whose shape is 2.
    assert 2 < np.exp(found[0]) < 4
    assert np.isfinite(statistics(np.zeros((1, 64, 64, 3), np.uint8))).all()


def test_contrast_is_divided_out() -> None:
    plane = np.random.default_rng(0).normal(0, 40, (64, 64))
    assert normalised(plane).std() == pytest.approx(normalised(3 * plane).std(), rel=0.05)


@pytest.mark.parametrize(("spoil", "strengths"), [(blurred, (0.5, 1, 2, 4)), (noisy, (4, 8, 16, 32))])
def test_blur_and_noise_are_seen_and_more_of_it_more(spoil, strengths: tuple[float, ...]) -> None:
    real = [film(person, 5, size=96) for person in range(2)]
    found = []
    for strength in (0, *strengths):
        measure = SceneMeasure(4)
        for frames in real:
            made = spoil(frames, strength) if strength else frames
            measure.look(ClipView("a", made, frames, made, 16))
        found.append(measure.figures()["fd_nss"].value)
    assert found[0] == pytest.approx(0, abs=1e-6)
    assert found == sorted(found)
    assert found[1] > 1
