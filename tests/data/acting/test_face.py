"""Eyes, lids and moods do as asked, within bounds, and like people."""

import numpy as np
import pytest

from livetalk.data.acting import face
from livetalk.data.acting.face import UNIT
from livetalk.data.acting.prompts import GAZES

TIMES = np.arange(81) / 16


@pytest.mark.parametrize("gaze", GAZES)
def test_eyes_rest_mostly_where_asked_and_start_at_the_camera(gaze):
    paths = np.stack([face.gaze_path(np.random.default_rng(seed), TIMES, gaze) for seed in range(30)])
    assert np.abs(paths[:, 0]).max() < 0.05
    x, y = paths[:, 16:, 0], paths[:, 16:, 1]
    shown = {"camera": np.hypot(x, y) < 0.2, "left": x < -0.5, "right": x > 0.5, "down": y > 0.45}[gaze]
    assert shown.mean() > 0.6


def test_left_is_the_picture_s_left():
    weights = face.look(np.array([[-1.0, 0.0]]), np.zeros((1, 6)))[0]
    assert weights[UNIT["eyeLookOutRight"]] == weights[UNIT["eyeLookInLeft"]] == 1
    assert weights[UNIT["eyeLookOutLeft"]] == weights[UNIT["eyeLookInRight"]] == 0


def test_blinks_come_every_few_seconds_and_are_seen_half_shut():
    minute = np.arange(16 * 60) / 16
    for seed in range(8):
        lids = face.blinks(np.random.default_rng(seed), minute, mean=3.2)
        shut = lids > 0.9
        count = np.sum(shut[1:] & ~shut[:-1])
        assert 11 <= count <= 34
        assert np.mean(lids > 0.05) < 0.25
        assert np.sum((lids > 0.25) & (lids < 0.8)) >= 1.5 * count


def test_moods_stay_in_bounds_and_differ():
    rows = {}
    for mood in face.MOOD_UNITS:
        track = face.mood_track(np.random.default_rng(0), TIMES, mood, 1.1)
        assert 0 <= track.min() <= track.max() <= 1
        rows[mood] = track.mean(0)
    moods = list(rows)
    assert all(np.abs(rows[a] - rows[b]).max() > 0.4 for a in moods for b in moods if a != b)


def test_eyes_rest_on_the_camera_while_the_head_turns():
    turned = np.zeros((2, 6))
    turned[:, 0] = (0.2, -0.2)  # to the picture's right, then left
    weights = face.look(np.zeros((2, 2)), turned)
    assert weights[0, UNIT["eyeLookOutRight"]] == weights[1, UNIT["eyeLookOutLeft"]] == pytest.approx(0.36)
    assert weights[0, UNIT["eyeLookOutLeft"]] == weights[1, UNIT["eyeLookOutRight"]] == 0
