"""S3FD: its sizes and names are the published ones, weights that do not fit are named, grids cover the picture."""

from pathlib import Path

import pytest
import torch

from livetalk.evaluation.sync.s3fd.network import LEAST_SIDE, S3fd, ScaledDirection, load_s3fd

VGG = {
    0: (64, 3), 2: (64, 64), 5: (128, 64), 7: (128, 128), 10: (256, 128), 12: (256, 256), 14: (256, 256),
    17: (512, 256), 19: (512, 512), 21: (512, 512), 24: (512, 512), 26: (512, 512), 28: (512, 512), 31: (1024, 512),
}  # fmt: skip
EXTRAS = ([256, 1024, 1, 1], [512, 256, 3, 3], [128, 512, 1, 1], [256, 128, 3, 3])
HEADS = (256, 512, 512, 1024, 512, 256)


@pytest.fixture(scope="module")
def network() -> S3fd:
    torch.manual_seed(1)
    return S3fd().eval()


def test_names_and_shapes_are_the_published_ones(network: S3fd) -> None:
    """Of sfd_face.pth; each convolution has a bias."""
    shapes = {f"vgg.{at}": [*sizes, 3, 3] for at, sizes in VGG.items()} | {"vgg.33": [1024, 1024, 1, 1]}
    shapes |= {f"extras.{at}": shape for at, shape in enumerate(EXTRAS)}
    shapes |= {f"loc.{at}": [4, width, 3, 3] for at, width in enumerate(HEADS)}
    shapes |= {f"conf.{at}": [2 if at else 4, width, 3, 3] for at, width in enumerate(HEADS)}
    wanted = {f"{name}.weight": shape for name, shape in shapes.items()}
    wanted |= {f"{name}.bias": shape[:1] for name, shape in shapes.items()}
    wanted |= {"L2Norm3_3.weight": [256], "L2Norm4_3.weight": [512], "L2Norm5_3.weight": [512]}
    assert {name: list(tensor.shape) for name, tensor in network.state_dict().items()} == wanted
    scales = [norm.weight.unique().tolist() for norm in (network.L2Norm3_3, network.L2Norm4_3, network.L2Norm5_3)]
    assert scales == [[10], [8], [5]]


@torch.no_grad()
def test_grids_cover_the_picture(network: S3fd) -> None:
    grids = network(torch.zeros(1, 3, 96, 128))
    assert [tuple(grid.faces.shape[1:]) for grid in grids] == [(24, 32), (12, 16), (6, 8), (3, 4), (2, 2), (1, 1)]
    assert all(grid.offsets.shape == (1, 4, *grid.faces.shape[1:]) for grid in grids)
    assert all(((grid.faces > 0) & (grid.faces < 1)).all() for grid in grids)
    least = network(torch.zeros(1, 3, LEAST_SIDE, LEAST_SIDE))
    assert [tuple(grid.faces.shape[1:]) for grid in least] == [(7, 7), (4, 4), (2, 2), (1, 1), (1, 1), (1, 1)]
    with pytest.raises(RuntimeError):
        network(torch.zeros(1, 3, LEAST_SIDE - 1, LEAST_SIDE - 1))


@torch.no_grad()
def test_the_most_likely_background_counts() -> None:
    """The finest grid has three: a face of 1 against 2, 0 and -5 is a face against 2."""
    network = S3fd().eval()
    for head, answers in zip(network.conf, ([2, 0, -5, 1], *[[0, 1]] * 5), strict=True):
        torch.nn.init.zeros_(head.get_parameter("weight"))
        head.get_parameter("bias").copy_(torch.tensor(answers))
    grids = network(torch.zeros(1, 3, 64, 64))
    assert torch.allclose(grids[0].faces, torch.sigmoid(torch.tensor(-1.0)))
    assert all(torch.allclose(grid.faces, torch.sigmoid(torch.tensor(1.0))) for grid in grids[1:])


def test_places_are_brought_to_one_length() -> None:
    places = torch.tensor([[3.0, 0.0], [4.0, 0.0]])[None, :, None]  # of length 5, and nothing
    assert torch.allclose(ScaledDirection(2, 10.0)(places)[0, :, 0], torch.tensor([[6.0, 0.0], [8.0, 0.0]]))


def test_a_published_state_is_loaded(network: S3fd, tmp_path: Path) -> None:
    torch.save(network.state_dict(), tmp_path / "sfd_face.pth", _use_new_zipfile_serialization=False)
    loaded = load_s3fd(tmp_path / "sfd_face.pth")
    assert not loaded.training
    assert torch.equal(loaded.state_dict()["conf.0.weight"], network.state_dict()["conf.0.weight"])


def test_what_does_not_fit_is_named(network: S3fd, tmp_path: Path) -> None:
    path, state = tmp_path / "sfd_face.pth", {"conf.0.weight": torch.zeros(2, 256, 3, 3)}
    torch.save(state, path)
    with pytest.raises(ValueError, match=r"sfd_face.pth is not the S3FD of the SyncNet scripts.*: it lacks"):
        load_s3fd(path)
    torch.save({**network.state_dict(), **state}, path)
    told = r"conf.0.weight has the shape \[2, 256, 3, 3\] where \[4, 256, 3, 3\] belongs"
    with pytest.raises(ValueError, match=told):
        load_s3fd(path)
    path.write_bytes(b"a film, perhaps")
    with pytest.raises(ValueError, match=r"sfd_face.pth is damaged or holds more than tensors: get it again"):
        load_s3fd(path)
    with pytest.raises(ValueError, match="there is no S3FD at"):
        load_s3fd(tmp_path / "nowhere")
