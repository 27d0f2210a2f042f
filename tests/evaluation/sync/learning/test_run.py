"""The recipe's command: mistakes are one sentence."""

from pathlib import Path

import numpy as np
import pytest

from livetalk.evaluation.sync.learning.examples import SpokenMouth, keep_clips
from livetalk.evaluation.sync.learning.run import main


def test_mistakes_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(tmp_path), str(tmp_path / "a.npz")]) == 2
    assert "ends in .safetensors" in capsys.readouterr().out
    assert main(["train", str(tmp_path), str(tmp_path / "a.safetensors")]) == 2
    assert "holds no training clips" in capsys.readouterr().out
    keep_clips([SpokenMouth(np.zeros((9, 72, 96), np.uint8), np.zeros(9000, np.float32))], tmp_path / "a.npz")
    assert main(["train", str(tmp_path), str(tmp_path / "a.safetensors")]) == 2
    assert "make at least 24" in capsys.readouterr().out
