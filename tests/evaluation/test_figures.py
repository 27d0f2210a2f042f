"""Figures say what a model did, and a spoilt clip is never left out."""

from dataclasses import replace

import numpy as np
import pytest

from livetalk.evaluation.figures import summarise
from livetalk.evaluation.report import missed
from tests.helpers.made_up import T, clip, speech


def test_a_model_that_repeats_the_truth_reaches_the_ceiling() -> None:
    figures = summarise([clip(place, speech(place)) for place in range(4)])
    assert figures["lip_r"] == pytest.approx(1)
    assert figures["lip_r_share"] == pytest.approx(1)
    assert figures["lip_lag_frames"] == 0
    assert figures["lip_over_swapped"] > 0.7
    assert figures["lip_over_loudness"] > 0.5
    assert figures["pause_gap"] == pytest.approx(figures["pause_gap_truth"])


def test_a_late_mouth_is_told() -> None:
    late = [clip(place, np.roll(speech(place), 2)) for place in range(4)]
    figures = summarise(late)
    assert figures["lip_lag_frames"] == 2
    assert figures["lip_r_share"] < 0.5


@pytest.mark.parametrize("spoilt", [np.full(T, np.nan), np.zeros(T)])
def test_a_clip_without_a_face_or_with_a_still_mouth_counts_as_zero(spoilt: np.ndarray) -> None:
    clips = [clip(0, speech(0)), clip(1, spoilt), clip(2, spoilt)]
    assert summarise(clips)["lip_r"] == 0


def test_a_mouth_left_open_in_pauses_is_told() -> None:
    gap = speech(0).copy()
    gap[-16:] = speech(0)[0] + 0.05
    assert summarise([clip(0, gap)])["pause_gap"] == pytest.approx(0.05)


def test_a_face_that_never_blinks_is_told() -> None:
    clips = [clip(place, speech(place)) for place in range(3)]
    lids = np.zeros(T)
    lids[[4, 12, 20]] = 1
    blinking = [replace(each, truth=replace(each.truth, blink=lids)) for each in clips]
    assert summarise(blinking)["blink_share"] == 0
    half = replace(blinking[0], played=replace(blinking[0].played, track=replace(clips[0].truth, blink=lids)))
    assert summarise([half, *blinking[1:]])["blink_share"] == pytest.approx(1 / 3)
    assert np.isnan(summarise(clips)["blink_share"])


def test_identity_is_the_distance_to_ones_own_portrait_among_all() -> None:
    near = summarise([clip(place, speech(place)) for place in range(3)])
    assert near["identity_median"] == pytest.approx(0.2)
    assert near["identity_truth"] == 0
    assert near["identity_rank1"] == 1
    lost = summarise([clip(0, speech(0)), clip(1, speech(1), far=np.nan)])
    assert lost["identity_rank1"] == 0.5


def test_a_face_is_looked_for_among_strangers_too() -> None:
    twin = np.zeros(128)
    twin[0], twin[127] = 1, 0.2  # the very face that the model shows
    clips = [clip(0, speech(0))]
    assert summarise(clips, [np.ones(128)])["identity_rank1"] == 1
    found = summarise(clips, [twin])
    assert found["identity_rank1"] == 0
    assert found["identity_gallery"] == 2


def test_a_lost_face_is_as_far_as_a_stranger_and_never_rests() -> None:
    gap = speech(0).copy()
    gap[-16:] = np.nan
    lost = summarise([clip(0, gap, far=np.nan)])
    assert lost["identity_median"] == 1
    assert lost["pause_gap"] > 0.1


@pytest.mark.parametrize(("energy", "share"), [(1.0, 1.0), (0.5, 0.5), (2.0, 0.5), (0.0, 0.0)])
def test_noise_is_no_detail(energy: float, share: float) -> None:
    one = clip(0, speech(0))
    assert one.played is not None
    assert summarise([replace(one, played=replace(one.played, sharpness=energy))])["sharpness_share"] == share


def test_a_mouth_that_follows_loudness_gains_nothing_over_loudness() -> None:
    clips = [clip(place, None) for place in range(4)]
    loud = [replace(one, played=clip(place, one.loudness).played) for place, one in enumerate(clips)]
    figures = summarise(loud)
    assert figures["lip_over_loudness"] == pytest.approx(0)
    assert "lip_over_loudness" in missed(figures)


def test_a_mouth_that_says_something_else_is_told() -> None:
    shuffled = [clip(place, speech((place + 1) % 4)) for place in range(4)]
    figures = summarise(shuffled)
    assert figures["lip_over_swapped"] < 0
    assert figures["lip_r_share"] < 0.4


def test_the_student_keeps_what_the_teacher_does() -> None:
    one = [clip(place, speech(place)) for place in range(3)]
    weak = [
        clip(place, speech(place) + 0.1 * np.random.default_rng(7 + place).random(T), far=0.4) for place in range(3)
    ]
    asked = [
        replace(a, taught=a.played, played=b.played, asked={"head": "nod"}, truth_read={"head": "nod"})
        for a, b in zip(one, weak, strict=True)
    ]
    read = [
        replace(
            a,
            taught=replace(a.taught, read={"head": "nod"}) if a.taught else None,
            played=replace(a.played, read={"head": "nod"}) if a.played else None,
        )
        for a in asked
    ]
    figures = summarise(read)
    assert figures["teacher_lip_r_share"] == pytest.approx(1)
    assert figures["teacher_identity_median"] == pytest.approx(0.2)
    assert figures["distill_keeps"] == pytest.approx(0.5), "likeness is what was lost most"
    same = [replace(one, played=one.taught) for one in read]
    assert summarise(same)["distill_keeps"] == pytest.approx(1)


def test_prompts_count_where_they_ask() -> None:
    clips = []
    for place, (asked, read) in enumerate(
        [
            ({"mood": "happy", "head": "nod"}, {"mood": "happy", "head": "nod", "gaze": "left"}),
            ({"mood": "sad"}, {"mood": "neutral", "head": "nod"}),
            ({"head": "still"}, {"head": "still"}),
            ({}, {"mood": "angry"}),
        ]
    ):
        one = clip(place, speech(place))
        assert one.played is not None
        clips.append(replace(one, asked=asked, truth_read=asked, played=replace(one.played, read=read)))
    figures = summarise(clips)
    assert figures["prompt_mean"] == pytest.approx(0.75)
    assert figures["prompt_min"] == pytest.approx(0.5)
    assert figures["prompt_mean_truth"] == figures["prompt_min_truth"] == 1


def test_black_frames_are_summed_and_codec_errors_pooled() -> None:
    figures = summarise([clip(0, speech(0), black=1), clip(1, speech(1), black=2)])
    assert figures["black"] == 3
    assert figures["codec_mouth_psnr"] == pytest.approx(10 * np.log10(255**2 / 9))
    assert figures["codec_motion_energy"] == pytest.approx(0.75)
    assert figures["codec_lip_r"] == pytest.approx(1)


def test_without_the_model_only_the_codec_is_judged() -> None:
    assert all(name.startswith("codec_") for name in summarise([clip(0, None)]))
