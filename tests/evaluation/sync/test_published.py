"""SyncNet's figures of a clip: windows, samples and pixels as the published scripts take them."""

import numpy as np
import pytest
import torch

from livetalk.evaluation.sync.mfcc import mfcc
from livetalk.evaluation.sync.published import published_means, sixteen_bits, through_jpeg, track_of

RNG = np.random.default_rng(3)
CROPS = RNG.integers(0, 255, (33, 224, 224, 3), np.uint8)
SOUND = RNG.uniform(-0.5, 0.5, 33 * 640 + 200).astype(np.float32)


class _Sums(torch.nn.Module):
    """Stands in for the network: sums that tell every pixel's place, colour and frame apart."""

    weight = torch.rand(4, 3 * 5, generator=torch.Generator().manual_seed(1))
    rows = torch.rand(4, 13 * 20, generator=torch.Generator().manual_seed(2))

    def embed_video(self, frames: torch.Tensor) -> torch.Tensor:
        assert frames.shape[1:] == (3, 5, 224, 224)
        return frames.mean((-1, -2)).flatten(1) @ self.weight.T

    def embed_sound(self, rows: torch.Tensor) -> torch.Tensor:
        assert rows.shape[1:] == (1, 13, 20)
        return rows.flatten(1) @ self.rows.T


def test_windows_and_lags_agree_with_a_plain_loop() -> None:
    found = published_means(_Sums(), CROPS, SOUND)  # pyright: ignore[reportArgumentType]
    windows = 33 - 5
    rows = mfcc(np.round(SOUND * 32768).astype(np.int16))
    video, heard = [], []
    for t in range(windows):
        blue_first = CROPS[t : t + 5, :, :, ::-1].astype(np.float64).mean((1, 2))  # frame, colour
        video.append(_Sums.weight.double().numpy() @ blue_first.T.ravel())
        heard.append(_Sums.rows.double().numpy() @ rows[4 * t : 4 * t + 20].T.ravel())
    for k in range(31):
        sums = 0.0
        for t in range(windows):
            place = t + k - 15
            there = heard[place] if 0 <= place < windows else np.zeros(4)
            sums += float(np.linalg.norm(video[t] - there + 1e-6))
        assert abs(sums / windows - found[k]) < 1e-4 * found[k]


def test_sound_as_long_as_the_picture_is_heard() -> None:
    """T = min(frames, samples / 640) - 5: what is longer is cut."""
    whole = published_means(_Sums(), CROPS, SOUND)  # pyright: ignore[reportArgumentType]
    longer = published_means(_Sums(), CROPS, np.concatenate([SOUND, SOUND]))  # pyright: ignore[reportArgumentType]
    assert np.allclose(whole, longer, rtol=0.2)
    with pytest.raises(ValueError, match="too short for SyncNet"):
        published_means(_Sums(), CROPS[:5], SOUND)  # pyright: ignore[reportArgumentType]


def test_samples_come_back_as_files_held_them() -> None:
    samples = np.array([-32768, -1, 0, 1, 32767], np.int16)
    assert (sixteen_bits((samples / 32768).astype(np.float32)) == samples).all()
    assert sixteen_bits(np.array([1.5], np.float32)) == 32767


def test_jpeg_is_nearly_the_picture() -> None:
    smooth = np.linspace(40, 200, 64, dtype=np.float32)
    frames = np.broadcast_to(smooth[None, :, None, None], (6, 64, 64, 3)).astype(np.uint8)
    seen = through_jpeg(frames)
    assert seen.shape == frames.shape
    gone = np.abs(seen.astype(int) - frames)
    assert 0 < gone.max() < 8


def test_a_face_that_is_seen_too_briefly_is_none() -> None:
    found = [np.array([[10.0, 10, 60, 60]]) for _ in range(60)]
    face = track_of(found, 50)
    assert face is not None
    assert face.frames == slice(0, 60)
    found[20:30] = [np.zeros((0, 4))] * 10
    assert track_of(found, 50) is None  # found in 50 frames, which is not more
    assert track_of(found, 49) is not None
