"""FID's Inception has the published names, and gives torch-fidelity's features."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from livetalk.evaluation.fidelity import resizing
from livetalk.evaluation.fidelity.inception import FidInception, load_inception
from tests.evaluation.fidelity.networks import random_state

# Features of torch-fidelity 0.4.0's network with the weights of `random_state`, of the pictures below.
THEIRS = [0.00485935527831316, 0.00032615818781778216, 0.6845789551734924, 0.05069981515407562, 0.024506602436304092]
THEIR_SUM = 705.0584106445312


def published_names() -> Iterator[tuple[str, list[int]]]:
    """Some of the published table: kernels by name, one of each kind of block and the odd ones."""
    yield "Conv2d_1a_3x3.conv.weight", [32, 3, 3, 3]
    yield "Conv2d_4a_3x3.conv.weight", [192, 80, 3, 3]
    yield "Mixed_5b.branch5x5_2.conv.weight", [64, 48, 5, 5]
    yield "Mixed_5c.branch_pool.conv.weight", [64, 256, 1, 1]
    yield "Mixed_6a.branch3x3.conv.weight", [384, 288, 3, 3]
    yield "Mixed_6b.branch7x7_2.conv.weight", [128, 128, 1, 7]
    yield "Mixed_6c.branch7x7dbl_2.conv.weight", [160, 160, 7, 1]
    yield "Mixed_6e.branch7x7dbl_5.conv.weight", [192, 192, 1, 7]
    yield "Mixed_7a.branch7x7x3_4.conv.weight", [192, 192, 3, 3]
    yield "Mixed_7b.branch3x3dbl_3b.conv.weight", [384, 384, 3, 1]
    yield "Mixed_7c.branch_pool.bn.running_mean", [192]
    yield "fc.weight", [1008, 2048]
    yield "fc.bias", [1008]


def test_names_and_shapes_are_those_of_the_published_file() -> None:
    with torch.device("meta"):
        state = FidInception().state_dict()
    shapes = {name: list(tensor.shape) for name, tensor in state.items()}
    for name, shape in published_names():
        assert shapes[name] == shape, name
    assert len([name for name in shapes if name.endswith(".conv.weight")]) == 94
    learnt = [tensor for name, tensor in state.items() if "running" not in name and "tracked" not in name]
    assert sum(tensor.numel() for tensor in learnt) == 23_834_568 + 8 * (
        2048 + 1
    )  # Inception v3 with 1000 classes, and eight more


def test_features_are_those_of_torch_fidelity() -> None:
    network = FidInception().eval()
    network.load_state_dict(random_state(network))
    pictures = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 3, 120, 200), np.uint8)).float()
    with torch.inference_mode():
        found = network(resizing.torchfidelity(pictures))
    assert found[0, :5].tolist() == pytest.approx(THEIRS, rel=1e-4)
    assert float(found.sum()) == pytest.approx(THEIR_SUM, rel=1e-5)


def test_torchvisions_inception_is_refused_by_name(tmp_path: Path) -> None:
    with torch.device("meta"):
        shapes = {name: tensor.shape for name, tensor in FidInception().state_dict().items()}
    theirs = {name: torch.zeros(1).expand(shape) for name, shape in shapes.items() if "tracked" not in name}
    theirs |= {"fc.weight": torch.zeros(1).expand(1000, 2048), "AuxLogits.fc.bias": torch.zeros(1000)}
    torch.save(theirs, tmp_path / "inception.pth")
    with pytest.raises(
        ValueError, match=r"not the Inception of FID .*fc.weight is \[1000, 2048\] instead of \[1008, 2048"
    ):
        load_inception(tmp_path / "inception.pth")
