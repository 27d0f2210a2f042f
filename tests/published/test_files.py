"""Published files: what is no checkpoint is told in one sentence, whatever its bytes are."""

import random
from io import BytesIO
from pathlib import Path

import pytest
import torch

from livetalk.published.files import read_checkpoint


def _told(path: Path) -> str | None:
    """What is said of a file; None if it is read."""
    try:
        read_checkpoint(path)
    except ValueError as error:
        told = str(error)
        assert told.startswith(f"{path} ")
        assert "\n" not in told
        return told
    return None


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("zipped", [True, False])
def test_damaged_files_are_one_sentence(zipped: bool, tmp_path: Path) -> None:
    """Bytes of every kind: PyTorch's reader raises ten kinds of errors for them."""
    whole, draw = BytesIO(), random.Random(1)
    torch.save({"a": torch.zeros(3)}, whole, _use_new_zipfile_serialization=zipped)
    path, refused = tmp_path / "weights.pth", 0
    for _ in range(150):
        changed = bytearray(whole.getvalue())
        for _ in range(3):
            changed[draw.randrange(len(changed))] = draw.randrange(256)
        path.write_bytes(draw.choice([changed, changed[: draw.randrange(len(changed))], draw.randbytes(60)]))
        refused += _told(path) is not None
    assert refused > 50


def test_a_film_is_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"\x00\x00\x00\x1cftypisom")
    with pytest.raises(ValueError, match=r"film.mp4 is damaged or holds more than tensors: get it again"):
        read_checkpoint(path)
