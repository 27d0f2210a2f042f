"""Faults are counted in videos that have them, and in no others."""

import numpy as np
import pytest

from livetalk.evaluation.metrics.video import (
    black_frames,
    face_box,
    flicker,
    flicker_ratio,
    frozen_frames,
    join_share,
    movement,
    movement_share,
    sharpness,
    steps,
    still_area,
)


def portrait_video(t: int = 16, size: int = 48) -> np.ndarray:
    """A still, textured background and a bright face that moves."""
    video = np.repeat(np.random.default_rng(0).integers(60, 120, (1, size, size, 3), dtype=np.uint8), t, axis=0)
    for i in range(t):
        video[i, 12:40, 12 + i % 3 : 34 + i % 3] = np.linspace(150, 220, 22, dtype=np.uint8)[None, :, None]
    return video


def test_a_clean_video_has_no_fault() -> None:
    video = portrait_video()
    assert (black_frames(video), frozen_frames(video), flicker(video, still_area(video))) == (0, 0, 0.0)
    assert flicker_ratio(video, video) == pytest.approx(1.0)


def test_flicker_is_measured_where_the_picture_should_be_still() -> None:
    video, bad = portrait_video(), portrait_video()
    bad[::2] += 6
    assert not still_area(video)[25, 33], "the moving edge of the face is not still"
    assert flicker(bad, still_area(video)) == pytest.approx(36.0)
    assert flicker_ratio(bad, video) > 100


def test_movement_counts_blinks_of_all_videos_together() -> None:
    still = np.repeat(portrait_video()[:1], 16, axis=0)
    blinks, shallow = still.copy(), still.copy()
    blinks[8, 18:22, 16:30] = 20
    shallow[8, 18:22, 16:30] -= (still[8, 18:22, 16:30] - 20) // 2
    late, truth = np.roll(blinks, 3, axis=0), [movement(blinks), movement(still)]
    assert movement(still) == 0
    assert movement_share([movement(still), movement(late)], truth) == pytest.approx(1), "blinks of another moment"
    assert 0.2 < movement_share([movement(shallow), 0.0], truth) < 0.35, "half as deep"
    assert movement_share([0.0, 0.0], truth) < 0.05, "a face that stands still"


def test_black_and_frozen_frames_are_counted() -> None:
    video = portrait_video()
    video[4] = 2
    video[9] = video[8]
    assert black_frames(video) == 1
    assert frozen_frames(video) == 1


def test_blur_lowers_sharpness() -> None:
    video = portrait_video()
    soft = (video.astype(float) + np.roll(video, 1, axis=2) + np.roll(video, 1, axis=1)) / 3
    box = (2, 2, 46, 46)
    assert sharpness(soft.round().astype(np.uint8), box) < 0.5 * sharpness(video, box)
    with pytest.raises(ValueError, match="smaller than 3x3"):
        sharpness(video, (5, 5, 6, 40))


def test_the_face_box_holds_the_face_and_stays_in_the_picture() -> None:
    eyes = np.tile(np.array([[40.0, 40.0], [60.0, 40.0]]), (3, 1, 1))
    mouth = np.tile(np.array([50.0, 62.0]), (3, 1))
    mouth[1] = np.nan
    left, top, right, bottom = face_box(eyes, mouth, 70, 100)
    assert (left, top) == (26, 26)
    assert right > 70
    assert bottom == 70
    assert face_box(np.full((3, 2, 2), np.nan), np.full((3, 2), np.nan), 70, 100) == (0, 0, 100, 70)


def test_jumps_count_where_blocks_meet_and_not_elsewhere() -> None:
    rng = np.random.default_rng(0)
    joins = (np.arange(1, 61) - 9) % 12 == 0
    walk = np.cumsum(rng.normal(0, 1, (61, 8, 8, 3)), 0) + 100
    smooth, jumping, jerking = (
        np.clip(walk + at, 0, 255).astype(np.uint8) for at in (0, _jumps(joins), _jumps(~joins))
    )
    shares = [join_share([steps(video)] * 2, joins) for video in (smooth, jumping, jerking)]
    assert 0.8 < shares[0] < 1.2
    assert shares[1] > 1.5
    assert shares[2] < 0.8
    assert np.isnan(join_share([], joins))
    assert steps(np.full((9, 8, 8, 3), 7, np.uint8)).tolist() == [1] * 8


def _jumps(where: np.ndarray) -> np.ndarray:
    """Levels that change by 4 to and fro at these frames."""
    return np.concatenate([[0], 4 * (np.cumsum(where) % 2)])[:, None, None, None]
