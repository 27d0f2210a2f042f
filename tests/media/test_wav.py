"""What is written as wav is read as it was; what cannot be written is told."""

from pathlib import Path

import numpy as np
import pytest

from livetalk.media import read_speech
from livetalk.media.wav import write_wav


def test_sound_is_read_as_it_was_written(tmp_path: Path) -> None:
    sound = np.linspace(-1.5, 1.5, 3_000, dtype=np.float32)
    read = np.concatenate(list(read_speech(write_wav(tmp_path / "x.wav", sound))))
    np.testing.assert_allclose(read, sound.clip(-1, 1), atol=1e-4)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not exist: make it first"):
        write_wav(tmp_path / "none" / "x.wav", np.zeros(4, np.float32))
