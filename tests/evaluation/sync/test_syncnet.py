"""SyncNet: its sizes and names are the published ones, and weights that do not fit are named."""

from pathlib import Path

import pytest
import torch

from livetalk.evaluation.sync.syncnet import SyncNet, load_syncnet

# Of syncnet_v2.model; each convolution has a bias, each batch norm four tensors of its width.
SHAPES = {
    "netcnnaud.0": [64, 1, 3, 3], "netcnnaud.4": [192, 64, 3, 3], "netcnnaud.8": [384, 192, 3, 3],
    "netcnnaud.11": [256, 384, 3, 3], "netcnnaud.14": [256, 256, 3, 3], "netcnnaud.18": [512, 256, 5, 4],
    "netcnnlip.0": [96, 3, 5, 7, 7], "netcnnlip.4": [256, 96, 1, 5, 5], "netcnnlip.8": [256, 256, 1, 3, 3],
    "netcnnlip.11": [256, 256, 1, 3, 3], "netcnnlip.14": [256, 256, 1, 3, 3], "netcnnlip.18": [512, 256, 1, 6, 6],
    "netfcaud.0": [512, 512], "netfcaud.3": [1024, 512], "netfclip.0": [512, 512], "netfclip.3": [1024, 512],
}  # fmt: skip
NORMS = {"netcnnaud": (1, 5, 9, 12, 15, 19), "netcnnlip": (1, 5, 9, 12, 15, 19), "netfcaud": (1,), "netfclip": (1,)}


@pytest.fixture(scope="module")
def network() -> SyncNet:
    torch.manual_seed(1)
    return SyncNet().eval()


def test_names_and_shapes_are_the_published_ones(network: SyncNet) -> None:
    wanted = {f"{name}.weight": shape for name, shape in SHAPES.items()}
    wanted |= {f"{name}.bias": shape[:1] for name, shape in SHAPES.items()}
    state = {name: list(tensor.shape) for name, tensor in network.state_dict().items()}
    for part, places in NORMS.items():
        for place in places:
            width = wanted[f"{part}.{place - 1}.bias"]
            wanted |= {f"{part}.{place}.{of}": width for of in ("weight", "bias", "running_mean", "running_var")}
            wanted[f"{part}.{place}.num_batches_tracked"] = []
    assert state == wanted


@torch.no_grad()
def test_pictures_and_rows_shrink_to_one_place(network: SyncNet) -> None:
    x, sizes = torch.zeros(1, 3, 5, 224, 224), []
    for layer in network.netcnnlip:
        x = layer(x)
        sizes.append(tuple(x.shape[2:]))
    sides = [size[1] for size in dict.fromkeys(sizes)]
    assert sides == [109, 54, 26, 13, 6, 1]
    assert {size[0] for size in sizes} == {1}
    x, sizes = torch.zeros(1, 1, 13, 20), []
    for layer in network.netcnnaud:
        x = layer(x)
        sizes.append(tuple(x.shape[2:]))
    assert list(dict.fromkeys(sizes)) == [(13, 20), (11, 9), (5, 4), (1, 1)]
    assert network.embed_sound(torch.zeros(3, 1, 13, 20)).shape == (3, 1024)
    assert network.embed_video(torch.zeros(1, 3, 5, 224, 224)).shape == (1, 1024)


@pytest.mark.parametrize("counts", [True, False])  # of batches, which older files lack; those are no zip files either
def test_a_published_state_is_loaded(network: SyncNet, tmp_path: Path, counts: bool) -> None:
    state = network.state_dict()
    kept = {n: v for n, v in state.items() if counts or "num_batches" not in n}
    torch.save(kept, tmp_path / "syncnet_v2.model", _use_new_zipfile_serialization=counts)
    loaded = load_syncnet(tmp_path / "syncnet_v2.model")
    assert not loaded.training
    x = torch.rand(2, 1, 13, 20)
    assert torch.equal(loaded.embed_sound(x), network.embed_sound(x))


def test_what_does_not_fit_is_named(network: SyncNet, tmp_path: Path) -> None:
    path, state = tmp_path / "syncnet_v2.model", dict(network.state_dict())

    def told(changed: object) -> str:
        torch.save(changed, path)
        with pytest.raises(ValueError) as error:
            load_syncnet(path)
        return str(error.value)

    assert "lacks netfclip.3.bias" in told({n: v for n, v in state.items() if n != "netfclip.3.bias"})
    assert "netcnnlip.0.weight has the shape [96, 3, 3, 7, 7] where [96, 3, 5, 7, 7] belongs" in told(
        state | {"netcnnlip.0.weight": torch.zeros(96, 3, 3, 7, 7)}
    )
    assert "also holds head.weight" in told(state | {"head.weight": torch.zeros(1)})
    assert "more than tensors" in told([torch.zeros(1)])
    assert "more than tensors" in told(network)  # a pickled module would run code
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match="damaged"):
        load_syncnet(path)
    with pytest.raises(ValueError, match="there is no SyncNet at"):
        load_syncnet(tmp_path / "nowhere")
