"""The last layers by themselves: detail is counted wherever it lies, patterns are not detail, nothing else changes."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from livetalk.presets import MINIATURE
from livetalk.recipes import run as recipe
from livetalk.recipes.codec.frames import FrameBuffer
from livetalk.recipes.codec.texture import pace_loss, texture_loss
from livetalk.recipes.config import Budget, FinishTraining
from livetalk.recipes.context import RunContext
from livetalk.training.distributed import Distributed


@pytest.fixture
def hair() -> torch.Tensor:
    torch.manual_seed(0)
    return F.avg_pool2d(torch.randn(2, 3, 48, 52), (1, 5), 1)[..., :48] * 0.6


def test_detail_a_little_out_of_place_is_better_than_none(hair) -> None:
    beside, blurred = hair.roll(1, -2), F.avg_pool2d(hair, 3, 1, 1)
    assert (beside - hair).abs().mean() > (blurred - hair).abs().mean(), "an L1 error thinks otherwise"
    assert texture_loss(hair, hair) == 0
    assert texture_loss(beside, hair) < 0.5 * texture_loss(blurred, hair)


@pytest.mark.parametrize("pattern", ["columns", "rows", "chessboard"])
def test_patterns_of_pixels_do_not_pass_for_detail(hair, pattern: str) -> None:
    blurred = F.avg_pool2d(hair, 3, 1, 1)
    sign = 1 - 2 * (torch.arange(48) % 2)
    signs = {"columns": sign, "rows": sign[:, None], "chessboard": sign * sign[:, None]}[pattern]
    grain = torch.randn_like(hair) * 0.1
    assert texture_loss(blurred + 0.1 * signs, hair) > texture_loss(blurred + grain, hair)


def test_trembling_and_standing_still_cost_alike(hair) -> None:
    still = torch.stack([hair[:1]] * 4, 2)
    moving = torch.stack([hair[:1].roll(k, -1) for k in range(4)], 2)
    assert pace_loss(moving, moving) == 0
    assert pace_loss(moving.mean(2, keepdim=True).expand_as(moving), moving) > 1, "a face that stands still"
    assert pace_loss(still + 0.02 * torch.randn_like(still), still) > 1, "a wall that trembles"
    assert pace_loss(moving.roll(1, -2), moving) < 0.5


def test_last_layers_learn_and_all_others_stay(hair, tmp_path: Path) -> None:
    torch.manual_seed(0)
    codec = MINIATURE.build_codec()
    start = tmp_path / "start.safetensors"
    recipe.save_weights(codec, start)
    before = {name: value.clone() for name, value in codec.state_dict().items()}
    ring = FrameBuffer(4, 17, 64, Distributed().device)
    ring.add(torch.randint(0, 255, (4, 17, 64, 64, 3), dtype=torch.uint8), torch.full((4, 17, 3, 2), 32.0))
    context = RunContext(MINIATURE, tmp_path / "run", Budget(steps=12))
    report = recipe.train_finish(context, ring, start, FinishTraining(stretches=4, batch=2, crop=32, adversary=1.0))
    assert report.step == 12
    changed = {
        name
        for name, value in recipe.load_codec(MINIATURE, tmp_path / "run").state_dict().items()
        if not torch.allclose(value, before[name], atol=1e-3)
    }
    assert changed
    assert all(name.split(".")[1] in ("to_top", "seen2", "top", "leave") for name in changed), changed


def test_it_must_be_told_where_to_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="missing"):
        ring = FrameBuffer(1, 9, 64, Distributed().device)
        recipe.train_finish(RunContext(MINIATURE, tmp_path, Budget(steps=1)), ring, tmp_path / "none")
