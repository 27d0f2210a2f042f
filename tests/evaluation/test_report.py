"""Figures meet their bars or are named as missed; nothing unmeasured passes."""

import json
import math

import pytest

from livetalk.evaluation.report import FIGURES, Bar, as_json, document, markdown, missed

GOOD = {
    "lip_r_share": 0.7, "black": 0.0, "frozen": 0.0, "codec_mouth_psnr": 31.0, "codec_motion_energy": 0.9,
    "codec_lip_r": 0.96, "lip_lag_frames": -1.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("bar", "figure", "met"),
    [
        (Bar(0.6), 0.6, True),
        (Bar(0.6), 0.59, False),
        (Bar(0, most=True), 0, True),
        (Bar(0, most=True), 1, False),
        (Bar(1, most=True, size=True), -1, True),
        (Bar(1, most=True, size=True), -2, False),
        (Bar(0.6), math.nan, False),
        (Bar(0.6, most=True), math.nan, False),
    ],
)
def test_a_bar_is_the_least_or_the_most(bar: Bar, figure: float, met: bool) -> None:
    assert bar.met(figure) is met


def test_good_figures_miss_nothing() -> None:
    assert missed(GOOD) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("lip_r_share", 0.5), ("black", 1.0), ("frozen", 2.0), ("codec_mouth_psnr", 29.9), ("codec_lip_r", math.nan)],
)
def test_what_is_missed_is_named_in_json_and_table(name: str, value: float) -> None:
    figures = GOOD | {name: value}
    assert document(figures)["missed"] == [name]
    row = next(line for line in markdown(figures).splitlines() if f"`{name}`" in line)
    assert "missed" in row


def test_json_holds_figures_bars_and_misses_and_no_nan() -> None:
    read = json.loads(as_json(GOOD | {"pause_gap": math.nan}), parse_constant=pytest.fail)
    assert set(read) == {"figures", "bars", "missed"}
    assert read["figures"]["pause_gap"] is None
    assert read["bars"]["lip_r_share"] == 0.6
    assert "pause_gap" not in read["bars"]


def test_an_aim_that_is_not_reached_is_no_miss() -> None:
    assert missed({"identity_median": 0.9}) == []


def test_the_bars_of_this_version_are_these() -> None:
    assert {name: str(meaning.bar) for name, meaning in FIGURES.items() if meaning.bar} == {
        "lip_r_share": "≥ 0.6", "black": "≤ 0", "frozen": "≤ 0", "codec_mouth_psnr": "≥ 30",
        "codec_motion_energy": "≥ 0.8", "codec_lip_r": "≥ 0.95",
    }  # fmt: skip
