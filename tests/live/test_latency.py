"""Promises of the latency model: averages of what is noted, and deadlines that keep their order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livetalk.geometry import Geometry
from livetalk.live.latency import LatencyModel

SECONDS = st.floats(0.001, 3.0)
G = Geometry(size=64, latent_channels=16)


def test_the_first_measurement_counts_whole_and_later_ones_a_fifth() -> None:
    model = LatencyModel(G)
    model.note_denoise(0.5)
    assert model.denoise == 0.5
    model.note_denoise(1.0)
    assert model.denoise == pytest.approx(0.6)
    assert model.decode == 0.0


@given(denoise=SECONDS, decode=SECONDS)
def test_deadlines_keep_their_order(denoise: float, decode: float) -> None:
    model = LatencyModel(G, denoise, decode)
    assert 0 < model.piece_decode * G.block_latents <= model.decode + 1e-9
    assert model.lead <= 2 * G.block_seconds
    assert model.replacement > 0.2
    assert model.earliest_replacement > 0.05
    slower = LatencyModel(G, denoise + 0.1, decode + 0.1)
    assert slower.replacement > model.replacement
    assert slower.earliest_replacement > model.earliest_replacement
    assert slower.lead >= model.lead
    assert slower.sessions <= model.sessions


@pytest.mark.parametrize(("denoise", "decode", "leaves"), [(0.2, 0.39, True), (0.2, 0.41, False), (0.61, 0.0, False)])
def test_time_is_left_where_both_stages_take_four_fifths(denoise: float, decode: float, leaves: bool) -> None:
    assert LatencyModel(G, denoise, decode).leaves_time == leaves


def test_deadlines_of_the_tiny_preset_are_the_measured_ones() -> None:
    model = LatencyModel(G, 0.2, 0.1)
    assert model.replacement == pytest.approx(0.43)
    assert model.earliest_replacement == pytest.approx(0.28)
    assert model.lead == pytest.approx(0.375)
