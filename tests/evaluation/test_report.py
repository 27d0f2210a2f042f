"""Figures meet their bars or are named as missed; nothing unmeasured passes."""

import json
import math
from pathlib import Path

import pytest

from livetalk.evaluation.last_run import Held, keep, recall
from livetalk.evaluation.report import FIGURES, Threshold, as_json, document, markdown, meaning, missed

GOOD = {
    "lip_r_share": 0.85, "black": 0.0, "frozen": 0.0, "identity_median": 0.3, "fps": 40.0, "lip_lag_frames": -1.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("bar", "figure", "met"),
    [
        (Threshold(0.6), 0.6, True),
        (Threshold(0.6), 0.59, False),
        (Threshold(0, most=True), 0, True),
        (Threshold(0, most=True), 1, False),
        (Threshold(1, most=True, size=True), -1, True),
        (Threshold(1, most=True, size=True), -2, False),
        (Threshold(0.6), math.nan, False),
        (Threshold(0.6, most=True), math.nan, False),
    ],
)
def test_a_bar_is_the_least_or_the_most(bar: Threshold, figure: float, met: bool) -> None:
    assert bar.met(figure) is met


def test_good_figures_miss_nothing() -> None:
    assert missed(GOOD) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("lip_r_share", 0.5), ("black", 1.0), ("frozen", 2.0), ("identity_median", 0.41), ("fps", math.nan)],
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
    assert read["bars"]["lip_r_share"] == 0.8
    assert "pause_gap" in read["missed"]


def test_an_aim_that_is_not_reached_is_no_miss() -> None:
    assert missed({"identity_median": 0.39}) == []


def test_the_bars_of_this_version_are_these() -> None:
    assert {name: str(meaning.bar) for name, meaning in FIGURES.items() if meaning.bar} == {
        "lip_r_share": "≥ 0.8", "lip_lag_frames": "within ±1", "lip_over_loudness": "≥ 0.1",
        "lip_over_swapped": "≥ 0.4",
        "pause_gap": "≤ 0.03", "identity_median": "≤ 0.4", "identity_p95": "≤ 0.6", "identity_rank1": "≥ 0.95",
        "prompt_mean": "≥ 0.8", "prompt_min": "≥ 0.6", "sharpness_share": "≥ 0.85", "flicker": "≤ 1.3",
        "join_share": "≤ 1.25", "black": "≤ 0", "frozen": "≤ 0", "minute_drift": "≤ 0.15", "ten_minute_drift": "≤ 0.2",
        "real_voice_r": "≥ 0.45", "real_portrait_identity": "≤ 0.55", "fps": "≥ 32", "fps_512": "≥ 22",
        "fps_avx2": "≥ 18",
        "first_frame_s": "≤ 0.5", "rss_gb": "≤ 2.5", "distill_speedup": "≥ 20", "distill_keeps": "≥ 0.9",
    }  # fmt: skip
    assert str(meaning("teacher_lip_r_share").bar) == "≥ 0.85"
    assert meaning("teacher_identity_median").bar is None


def test_a_codec_alone_has_bars_that_a_whole_model_is_not_asked() -> None:
    spoilt = {"codec_mouth_psnr": 20.0}
    assert missed(spoilt) == ["codec_mouth_psnr"]
    assert missed(spoilt | {"lip_r_share": 0.9}) == []


def test_what_a_run_left_out_is_shown_from_the_last_full_run_and_marked(tmp_path: Path) -> None:
    keep({"fps": 39.0, "distill_speedup": math.nan, "black": 4.0}, "0.3", 50, tmp_path / "run.json")
    said = markdown({"black": 0.0}, recall(tmp_path / "run.json")).splitlines()
    rows = {
        name: next((line for line in said if f"`{name}`" in line), "") for name in ("fps", "black", "distill_speedup")
    }
    assert "39 (last full run, version 0.3, 50 clips)" in rows["fps"]
    assert "last full run" not in rows["black"]
    assert not rows["distill_speedup"]
    assert recall(tmp_path / "none.json") == {}


def test_a_full_run_may_be_made_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    keep({"lip_r": 0.7, "fps": 30.0}, "0.3", 50, path)
    keep({"lip_r": 0.8}, "0.4", 50, path)
    keep({"lip_r": 0.6, "teacher_lip_r": 0.9}, "0.4", 8, path)
    assert recall(path) == {
        "lip_r": Held(0.8, "0.4", 50), "fps": Held(30.0, "0.3", 50), "teacher_lip_r": Held(0.9, "0.4", 8)
    }  # fmt: skip
    keep({"lip_r": 0.5}, "0.5", 8, path)
    assert recall(path)["lip_r"] == Held(0.5, "0.5", 8), "another version is another matter"
