"""The gate sees what a codec did to a mouth: blur, lost motion, wrong motion."""

import numpy as np
import pytest

from livetalk.evaluation.metrics.codec_gate import chunks, codec_report, crop, psnr

SIZE, T = 96, 17


def drawn_mouths(n: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Dark mouths that open and close on faces: frames [n, t, h, w, 3], centres [n, t, 2]."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    gaps = np.stack([6 + 5 * np.sin(1.9 * np.arange(T) + k) for k in range(n)])
    frames = np.full((n, T, SIZE, SIZE, 3), 180, np.uint8)
    for k in range(n):
        for i in range(T):
            inside = ((columns - 48) / 18) ** 2 + ((rows - 60) / gaps[k, i]) ** 2 <= 1
            frames[k, i][inside] = (90, 20, 30)
    return frames, np.broadcast_to(np.array([48.0, 60.0]), (n, T, 2))


def collapsed(frames: np.ndarray) -> np.ndarray:
    """What the probe's codec did: all frames of a latent equal."""
    out = frames.copy()
    for part in chunks(frames.shape[1]):
        out[:, part] = frames[:, part].astype(float).mean(axis=1, keepdims=True).round().astype(np.uint8)
    return out


def test_chunks_are_one_frame_then_four_at_a_time() -> None:
    assert chunks(9) == [slice(0, 1), slice(1, 5), slice(5, 9)]
    assert chunks(11) == chunks(9)


def test_psnr_is_that_of_the_formula() -> None:
    a = np.full((4, 4), 100, np.uint8)
    assert psnr(a, a) == float("inf")
    assert psnr(a, a + 5) == pytest.approx(20 * np.log10(255 / 5))


def test_the_box_stays_inside_the_picture() -> None:
    frames = np.zeros((1, SIZE, SIZE, 3), np.uint8)
    for centre in ((0, 0), (95, 95), (48, 48)):
        assert crop(frames, np.array(centre, float)).shape == (1, 44, 68, 3)


def test_a_perfect_codec_passes() -> None:
    frames, mouths = drawn_mouths()
    report = codec_report(frames, frames, mouths)
    assert report.motion_energy == pytest.approx(1.0)
    assert report.motion_r == pytest.approx(1.0)
    assert report.mouth_psnr == float("inf")


def test_four_equal_frames_in_a_latent_fail() -> None:
    frames, mouths = drawn_mouths()
    report = codec_report(frames, collapsed(frames), mouths)
    assert report.motion_energy == pytest.approx(0.0, abs=1e-3)
    assert report.mouth_psnr < report.psnr
    assert report.mouth_psnr < 30


def test_halved_motion_has_a_quarter_of_the_energy() -> None:
    frames, mouths = drawn_mouths()
    half = ((frames.astype(float) + collapsed(frames)) / 2).round().astype(np.uint8)
    assert codec_report(frames, half, mouths).motion_energy == pytest.approx(0.25, abs=0.02)


def test_noise_is_not_taken_for_motion() -> None:
    frames, mouths = drawn_mouths()
    noisy = collapsed(frames) + np.random.default_rng(0).integers(0, 60, frames.shape, dtype=np.uint8)
    report = codec_report(frames, noisy, mouths)
    assert report.motion_energy > 0.2
    assert abs(report.motion_r) < 0.1


def test_shapes_that_differ_are_refused() -> None:
    frames, mouths = drawn_mouths()
    with pytest.raises(ValueError, match="differ in shape"):
        codec_report(frames, frames[:, 1:], mouths)
