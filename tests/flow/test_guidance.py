"""Guidance asks for no pass it does not need and is one formula."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from livetalk.flow.guidance import guided, passes

scales = st.sampled_from([0.0, 1.0, 2.5, 4.5, 6.0])
U, T, C = torch.randn(3, 2, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@settings(deadline=None)
@given(scales, scales)
def test_it_is_the_formula_whatever_passes_are_left_out(text_scale, audio_scale):
    needed = passes(text_scale, audio_scale)
    full, text, nothing = (x if name in needed else None for name, x in [("full", C), ("text", T), ("nothing", U)])
    expected = U + text_scale * (T - U) + audio_scale * (C - T)
    torch.testing.assert_close(guided(full, text, nothing, text_scale, audio_scale), expected)


def test_no_guidance_is_one_pass_unchanged():
    assert passes(1, 1) == ("full",)
    assert guided(C, None, None, 1, 1) is C


def test_one_scale_for_both_takes_two_passes():
    assert passes(6, 6) == ("nothing", "full")


def test_published_scale_five_is_our_six():
    torch.testing.assert_close(guided(C, None, U, 6, 6), C + 5 * (C - U))
