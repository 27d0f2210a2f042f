"""Log-mel rows: five a frame, at the time of their sound, whatever its level."""

import numpy as np

from livetalk.evaluation.sync.expert.mel import log_mel


def _beep(at: float, seconds: float = 2.0, loud: float = 0.3) -> np.ndarray:
    time = np.arange(int(seconds * 16_000)) / 16_000
    return (loud * np.sin(2 * np.pi * 440 * time) * (abs(time - at) < 0.05)).astype(np.float32)


def test_a_beep_is_where_it_is_heard() -> None:
    rows = log_mel(_beep(1.0), 32)
    assert rows.shape == (160, 40)
    heard = np.flatnonzero(rows.max(1) > 0.8)
    assert abs(heard.mean() * 0.0125 - 1.0) < 0.0125
    assert len(heard) <= 12


def test_level_does_not_matter() -> None:
    assert np.abs(log_mel(_beep(0.5), 32) - log_mel(_beep(0.5, loud=0.03), 32)).max() < 0.05


def test_sound_may_end_before_the_picture_or_after() -> None:
    assert log_mel(_beep(0.5, 1.0), 32)[100:].max() == 0
    assert np.allclose(log_mel(_beep(0.5, 9.0), 32), log_mel(_beep(0.5, 2.0), 32), atol=1e-4)
    assert log_mel(np.zeros(0, np.float32), 4).max() == 0
