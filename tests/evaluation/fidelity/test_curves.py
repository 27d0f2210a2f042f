"""Long videos: drift that is planted is found at its mark, and a steady stream has none."""

from pathlib import Path

import numpy as np
import pytest

from livetalk.evaluation.fidelity.curves import Curves, curves_of, drifts, picture_figures
from tests.evaluation.fidelity.film_files import write


def _embed(frames: np.ndarray) -> np.ndarray:
    """Colour as identity; black is no face."""
    rows = frames.mean(axis=(1, 2))
    return np.where(rows.max(axis=1, keepdims=True) < 5, np.nan, rows)


def _film(tmp_path: Path, colours: list[tuple[int, int, int]]) -> Curves:
    """Ten seconds of each colour, at two frames a second."""
    frames = np.repeat(np.array(colours, np.uint8)[:, None, None], 20, axis=0)
    frames = np.broadcast_to(frames, (len(frames), 32, 32, 3)).copy()
    frames[::2, :8] //= 2  # something moves
    return curves_of(write(tmp_path, "long", frames, rate=2), 2, _embed)


def test_a_steady_stream_does_not_drift(tmp_path: Path) -> None:
    curves = _film(tmp_path, [(120, 90, 60)] * 6)
    found = drifts([curves])
    assert len(curves.windows["csim"]) == 6
    assert "drift_csim_1min" in found
    assert "drift_csim_10min" not in found
    assert max(abs(one.value) for one in found.values()) < 0.2


def test_planted_drift_is_found_and_more_of_it_more(tmp_path: Path) -> None:
    found = []
    for strength in (0, 20, 40, 80):
        colours = [(120, 90 - strength * i // 6, 60 + strength * i // 6) for i in range(6)]
        found.append(drifts([_film(tmp_path / str(strength), colours)])["drift_csim_1min"].value)
    assert found == sorted(found)
    assert found[1] > 0.005


def test_a_face_that_is_lost_has_lost_all_similarity(tmp_path: Path) -> None:
    found = drifts([_film(tmp_path, [(120, 90, 60)] * 5 + [(0, 0, 0)])])
    assert found["drift_csim_1min"].value == pytest.approx(1, abs=0.01)
    assert found["drift_faceless_1min"].value == 1
    assert found["drift_black_1min"].value == 1


def test_only_whole_windows_count(tmp_path: Path) -> None:
    curves = Curves("a", {"csim": [1.0] * 7})
    assert curves.drift("csim", 60) == 0
    assert curves.drift("csim", 600) is None


def test_figures_of_pictures_say_what_changed() -> None:
    grey = np.full((3, 16, 16, 3), 100, np.uint8)
    red = grey.copy()
    red[..., 0] = 160
    assert picture_figures(red)["saturation"] == 60
    assert picture_figures(grey)["frozen"] == 1
    assert picture_figures(grey[:1])["frozen"] == 0
