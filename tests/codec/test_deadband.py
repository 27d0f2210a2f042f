"""What trembles rests; what moves, moves."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from livetalk.codec.deadband import hysteresis, quantise_with_hysteresis

VALUES = st.lists(st.floats(-3, 3, width=32), min_size=1, max_size=12)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-1.2, 1.2), min_size=2, max_size=12))
def test_a_level_stays_until_its_value_has_clearly_left_it(values: list[float]) -> None:
    pixels = torch.tensor(values).view(1, 1, -1, 1, 1)
    shown = torch.stack(quantise_with_hysteresis(pixels.unbind(2))).flatten()
    exact = (pixels.flatten().clamp(-1, 1) + 1) * 127.5
    assert torch.equal(shown, shown.round())
    assert ((shown - exact).abs() <= 0.7501).all()
    moves = shown[1:] != shown[:-1]
    assert ((exact[1:] - shown[:-1]).abs()[moves] > 0.7499).all()


@settings(deadline=None, max_examples=50)
@given(VALUES, st.floats(-3, 3, width=32), st.integers(0, 12))
def test_a_value_rests_within_its_bounds_and_however_it_is_cut(values: list[float], last: float, at: int) -> None:
    exact, before = torch.tensor(values)[None], torch.tensor([last])
    shown = hysteresis(exact, before, 0.1)
    assert ((shown - exact).abs() <= 0.1001).all()
    steps = torch.diff(torch.cat([before[None], shown], 1))
    assert ((steps == 0) | (steps.abs() > 0.0999)).all()
    if 0 < at < len(values):
        first = hysteresis(exact[:, :at], before, 0.1)
        assert torch.equal(torch.cat([first, hysteresis(exact[:, at:], first[:, -1], 0.1)], 1), shown)


def test_what_has_clearly_moved_is_where_it_is() -> None:
    """What lies on one side of a step lies there exactly."""
    walk = torch.tensor([[0.0, 0.04, -0.04, 0.5, 0.52, 0.9]])
    assert torch.equal(hysteresis(walk, torch.zeros(1), 0.1), torch.tensor([[0.0, 0.0, 0.0, 0.5, 0.5, 0.9]]))
