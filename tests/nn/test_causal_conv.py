"""Causal convolutions give the same however a stream is cut."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from livetalk.nn.causal_conv import CausalConv3d


def stream(conv: CausalConv3d, x: torch.Tensor, pieces: list[int]) -> torch.Tensor:
    past = conv.start(len(x), x.device, x.dtype)
    out = []
    for piece in x.split(pieces, dim=2):
        y, past = conv(piece, past)
        out.append(y)
    return torch.cat(out, dim=2)


@settings(deadline=None, max_examples=20)
@given(pieces=st.lists(st.integers(1, 4), min_size=1, max_size=5), kernel=st.sampled_from([1, 3, (5, 1, 1)]))
def test_a_stream_cut_anywhere_is_the_whole(pieces, kernel):
    torch.manual_seed(0)
    conv = CausalConv3d(2, 3, kernel)
    x = torch.randn(2, 2, sum(pieces), 4, 5)
    torch.testing.assert_close(stream(conv, x, pieces), stream(conv, x, [x.shape[2]]), rtol=1e-5, atol=1e-6)


def test_the_future_never_changes_the_past():
    conv = CausalConv3d(1, 1)
    x = torch.randn(1, 1, 6, 4, 4)
    changed = torch.cat([x[:, :, :3], torch.randn(1, 1, 3, 4, 4)], dim=2)
    assert torch.equal(stream(conv, x, [6])[:, :, :3], stream(conv, changed, [6])[:, :, :3])


def test_a_new_stream_sees_black_before_it():
    conv = CausalConv3d(1, 1)
    x = torch.randn(1, 1, 2, 4, 4)
    padded = torch.cat([torch.zeros(1, 1, 2, 4, 4), x], dim=2)
    expected = torch.nn.functional.conv3d(padded, conv.weight, conv.bias, padding=(0, 1, 1))
    torch.testing.assert_close(stream(conv, x, [2]), expected)


def test_a_past_holds_only_the_frames_it_needs():
    conv = CausalConv3d(1, 1)
    _, past = conv(torch.randn(1, 1, 9, 4, 4), conv.start(1, torch.device("cpu"), torch.float32))
    assert past.shape == (1, 1, 2, 4, 4)
    assert past.untyped_storage().nbytes() == 2 * 4 * 4 * 4


def test_even_kernels_are_refused():
    with pytest.raises(AssertionError, match="odd"):
        CausalConv3d(1, 1, 2)
