"""Published weights: they are copied by name, and the first that does not fit is named with its file."""

from pathlib import Path

import pytest
import torch
from torch import nn

from livetalk.evaluation.sync.published_state import fill

PATH = Path("theirs.pth")


def _network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))


def test_tensors_are_copied_by_name() -> None:
    torch.manual_seed(0)
    theirs, ours = _network(), _network()
    state = {name: tensor for name, tensor in theirs.state_dict().items() if "num_batches" not in name}
    fill(ours, state, PATH, "a network")
    assert all(torch.equal(ours.state_dict()[name], tensor) for name, tensor in state.items())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"0.bias": None}, "theirs.pth is not a network: it lacks 0.bias"),
        ({"0.bias": torch.zeros(3)}, "theirs.pth is not a network: 0.bias has the shape [3] where [2] belongs"),
        ({"2.bias": torch.zeros(3)}, "theirs.pth is not a network: it also holds 2.bias"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, torch.Tensor | None], told: str) -> None:
    changed = dict(_network().state_dict()) | change
    with pytest.raises(ValueError) as error:
        fill(_network(), {name: tensor for name, tensor in changed.items() if tensor is not None}, PATH, "a network")
    assert str(error.value) == told
