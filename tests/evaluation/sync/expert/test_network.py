"""The expert's network: directions of any number of frames, and weights that fit it only."""

from pathlib import Path

import pytest
import torch

from livetalk.evaluation.sync.expert.network import SyncExpert, load_expert, save_expert
from livetalk.weights import save_tensors


@pytest.fixture(scope="module")
def expert() -> SyncExpert:
    torch.manual_seed(0)
    return SyncExpert().eval()


@torch.no_grad()
def test_a_frame_has_a_direction_for_each_side(expert: SyncExpert) -> None:
    seen, heard = expert.embed_video(torch.rand(2, 21, 48, 64)), expert.embed_sound(torch.rand(2, 105, 40))
    assert seen.shape == heard.shape == (2, 21, 96)
    assert torch.allclose(seen.norm(dim=2), torch.ones(2, 21), atol=1e-5)


@torch.no_grad()
def test_light_and_contrast_do_not_matter(expert: SyncExpert) -> None:
    crops = torch.rand(1, 9, 48, 64)
    there = expert.embed_video(0.2 + 0.6 * crops)
    assert torch.allclose(expert.embed_video(crops), there, atol=0.05)


@torch.no_grad()
def test_time_is_a_convolution(expert: SyncExpert) -> None:
    """Sound of 10 frames later gives directions of 10 frames later, away from the edges."""
    rows = torch.rand(1, 40 * 5, 40)
    assert torch.allclose(expert.embed_sound(rows)[:, 14:36], expert.embed_sound(rows[:, 50:])[:, 4:26], atol=1e-5)


def test_weights_come_back_and_others_are_refused(expert: SyncExpert, tmp_path: Path) -> None:
    path = tmp_path / "expert.safetensors"
    save_expert(expert, path, "nothing yet")
    assert path.stat().st_size < 2_000_000
    rows = torch.rand(1, 50, 40)
    assert torch.allclose(load_expert(path).embed_sound(rows), expert.embed_sound(rows), atol=2e-3)
    save_tensors(path, {"a": torch.zeros(1)})
    with pytest.raises(ValueError, match="holds no sync expert"):
        load_expert(path)
    with pytest.raises(ValueError, match="no weights at"):
        load_expert(tmp_path / "none")
