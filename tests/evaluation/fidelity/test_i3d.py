"""I3D networks: an opaque script is called as StyleGAN-V's, ours has cd-fvd's names and TensorFlow's padding."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from livetalk.evaluation.fidelity.i3d import (
    KineticsI3d,
    ScriptedI3d,
    cropped,
    load_kinetics_i3d,
    same_padded,
    same_pool,
)
from tests.evaluation.fidelity.networks import SmallI3d, random_state, write_script

CLIP = torch.rand(12, 3, 48, 64, generator=torch.Generator().manual_seed(0)) * 255


def test_a_script_is_called_as_documented(tmp_path: Path) -> None:
    script = ScriptedI3d(write_script(tmp_path / "i3d.pt"))
    squeezed = SmallI3d()(CLIP.transpose(0, 1)[None])[0]
    assert torch.allclose(script(CLIP), squeezed, atol=1e-6)
    middle = SmallI3d()(CLIP[..., 8:56].transpose(0, 1)[None])[0]
    away = [(script(CLIP, crop=True) - one).abs().mean() for one in (middle, squeezed)]
    assert away[0] < 0.3 * away[1]


class OtherCall(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x


class OtherWidth(nn.Module):
    def forward(self, x: Tensor, rescale: bool, resize: bool, return_features: bool) -> Tensor:
        return x.mean(dim=[2, 3, 4])


def test_other_scripts_are_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be called as StyleGAN-V's I3D"):
        ScriptedI3d(write_script(tmp_path / "call.pt", OtherCall()))(CLIP)
    with pytest.raises(ValueError, match="does not give 400 numbers"):
        ScriptedI3d(write_script(tmp_path / "width.pt", OtherWidth()))(CLIP)
    (tmp_path / "text.pt").write_text("no")
    with pytest.raises(ValueError, match="is no TorchScript file"):
        ScriptedI3d(tmp_path / "text.pt")


def test_names_and_shapes_are_those_of_the_published_file() -> None:
    with torch.device("meta"):
        state = KineticsI3d().state_dict()
    shapes = {name: list(tensor.shape) for name, tensor in state.items()}
    assert shapes["Conv3d_1a_7x7.conv3d.weight"] == [64, 3, 7, 7, 7]
    assert shapes["Mixed_4e.b1b.conv3d.weight"] == [288, 144, 3, 3, 3]
    assert shapes["Mixed_5c.b3b.conv3d.weight"] == [128, 832, 1, 1, 1]
    assert shapes["Mixed_5c.b2a.bn.running_var"] == [48]
    assert (shapes["logits.conv3d.weight"], shapes["logits.conv3d.bias"]) == ([400, 1024, 1, 1, 1], [400])
    assert len([name for name in shapes if name.endswith("conv3d.weight")]) == 3 + 9 * 6 + 1
    assert sum(tensor.numel() for name, tensor in state.items() if ".bn.running" not in name) == 12_697_264 + 57


@pytest.mark.slow
def test_a_file_of_weights_gives_features(tmp_path: Path) -> None:
    torch.save(random_state(KineticsI3d()), tmp_path / "i3d.pt")
    features = load_kinetics_i3d(tmp_path / "i3d.pt")
    found = features(CLIP[:9])
    assert found.shape == (400,)
    assert found.std() > 1e-3
    assert not torch.allclose(found, features(CLIP[3:12]))


def test_weights_that_do_not_fit_are_named(tmp_path: Path) -> None:
    torch.save({"Conv3d_1a_7x7.conv3d.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "wrong.pt")
    with pytest.raises(ValueError, match=r"wrong.pt is not the I3D of cd-fvd .*Conv3d_1a_7x7.bn.weight is missing"):
        load_kinetics_i3d(tmp_path / "wrong.pt")


PADDINGS = [(16, 7, 2, 2, 3), (15, 7, 2, 3, 3), (8, 3, 2, 0, 1), (7, 3, 2, 1, 1), (4, 2, 2, 0, 0), (6, 3, 1, 1, 1)]


@pytest.mark.parametrize(("length", "kernel", "stride", "before", "after"), PADDINGS)
def test_padding_is_tensorflows(length: int, kernel: int, stride: int, before: int, after: int) -> None:
    x = torch.ones(1, 1, length, 1, 1)
    padded = same_padded(x, (kernel, 1, 1), (stride, 1, 1))[0, 0, :, 0, 0]
    assert padded.tolist() == [0.0] * before + [1.0] * length + [0.0] * after
    assert same_pool(x, (kernel, 1, 1), (stride, 1, 1)).shape[2] == -(-length // stride)


def test_cropping_keeps_the_middle() -> None:
    wide = torch.zeros(1, 3, 10, 30)
    wide[..., 10:20] = 9
    assert cropped(wide, 10).eq(9).all()
    assert cropped(wide.transpose(2, 3), 10).eq(9).all()
