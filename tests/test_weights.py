"""Weights survive the disk, and 8 bits are enough for them."""

from pathlib import Path

import pytest
import torch
from torch import nn

from livetalk.weights import (
    FORMAT,
    SCALE,
    compress,
    decompress,
    dequantise,
    load_bundle,
    load_into,
    load_mean,
    load_tensors,
    quantise,
    save_bundle,
    save_tensors,
    version_of,
)


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(8, 32, 3), nn.Flatten(), nn.Linear(32 * 36, 16), nn.LayerNorm(16))


def test_a_bundle_gives_back_nearly_the_same_network(network, tmp_path):
    picture = torch.randn(2, 8, 8, 8)
    before = network(picture)
    save_bundle(tmp_path / "net.safetensors", network.state_dict(), {"preset": "tiny"})
    state, metadata = load_bundle(tmp_path / "net.safetensors")
    load_into(network, state)
    assert metadata == {"preset": "tiny"}
    assert ((network(picture) - before).norm() / before.norm()).item() < 0.02


def test_each_weight_is_off_by_at_most_half_a_step():
    weights = torch.randn(40, 64) * torch.logspace(-2, 3, 40)[:, None]
    packed = quantise({"w": weights})
    off = (dequantise(packed)["w"] - weights).abs()
    # The codes of a rounded scale may end a little short of the largest weight.
    steps = packed["w" + SCALE].float()[:, None]
    assert (off <= steps * 0.57).all()


def test_channels_near_zero_stay_near_zero():
    weights = torch.randn(40, 64) * torch.logspace(-9, -4, 40)[:, None]
    assert (dequantise(quantise({"w": weights}))["w"] - weights).abs().max() < 8e-6


def test_a_scale_belongs_to_one_output_channel():
    weights = torch.stack([torch.linspace(-1, 1, 1024), 1000 * torch.linspace(-1, 1, 1024)])
    error = (dequantise(quantise({"w": weights}))["w"] - weights).norm(dim=1) / weights.norm(dim=1)
    assert (error < 0.01).all()


def test_a_bundle_takes_about_a_byte_a_weight(tmp_path):
    save_bundle(tmp_path / "w.safetensors", {"w": torch.randn(512, 512)}, {})
    assert (tmp_path / "w.safetensors").stat().st_size < 0.9 * 512 * 512


def test_coarser_codes_take_less_where_they_are_asked_for(tmp_path):
    state = {"trunk.w": torch.randn(512, 512), "head.w": torch.randn(512, 512)}
    save_bundle(tmp_path / "fine.safetensors", state, {})
    save_bundle(tmp_path / "coarse.safetensors", state, {}, {"trunk.": 15})
    fine, coarse = ((tmp_path / f"{name}.safetensors").stat().st_size for name in ("fine", "coarse"))
    assert 0.7 < coarse / fine < 0.85
    back = load_bundle(tmp_path / "coarse.safetensors")[0]
    errors = {name: ((back[name] - tensor).norm() / tensor.norm()).item() for name, tensor in state.items()}
    assert errors["head.w"] < 0.015
    assert 0.03 < errors["trunk.w"] < 0.1


def test_compression_loses_nothing(network):
    packed = quantise({**network.state_dict(), "steps": torch.tensor(7), "none": torch.zeros(2, 0)})
    back = decompress(compress(packed))
    assert back.keys() == packed.keys()
    assert all(torch.equal(back[name], tensor) and back[name].dtype == tensor.dtype for name, tensor in packed.items())


def test_bundles_from_before_compression_are_read(network, tmp_path):
    save_tensors(tmp_path / "old.safetensors", quantise(network.state_dict()), {FORMAT: "1"})
    save_bundle(tmp_path / "new.safetensors", network.state_dict(), {})
    old, new = load_bundle(tmp_path / "old.safetensors")[0], load_bundle(tmp_path / "new.safetensors")[0]
    assert all(torch.equal(old[name], tensor) for name, tensor in new.items())


def test_bundles_of_other_versions_and_damaged_ones_are_refused(tmp_path):
    save_tensors(tmp_path / "next.safetensors", {"w": torch.zeros(2)}, {FORMAT: "3"})
    with pytest.raises(ValueError, match="version 3, this livetalk reads 1 and 2"):
        load_bundle(tmp_path / "next.safetensors")
    small = compress(quantise({"w": torch.randn(64, 64)}))
    save_tensors(tmp_path / "cut.safetensors", {**small, "w": small["w"][:-9].clone()}, {FORMAT: "2"})
    with pytest.raises(ValueError, match="damaged"):
        load_bundle(tmp_path / "cut.safetensors")


def test_small_and_flat_tensors_keep_sixteen_bits():
    state = {"norm": torch.randn(5000), "small": torch.randn(4, 4), "one": torch.randn(1, 6, 512)}
    back = dequantise(quantise(state))
    assert all(torch.equal(back[name], state[name].half().float()) for name in state)


def test_dead_channels_and_whole_numbers_survive():
    state = {"dead": torch.zeros(8, 256), "steps": torch.tensor(70_000)}
    back = dequantise(quantise(state))
    assert torch.equal(back["dead"], state["dead"])
    assert torch.equal(back["steps"], state["steps"])


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e6])
def test_numbers_that_cannot_be_bundled_are_named(bad):
    with pytest.raises(ValueError, match=r"blocks\.3\.gain"):
        quantise({"blocks.3.gain": torch.tensor([bad])})


def test_plain_files_are_exact(tmp_path):
    state = {"a": torch.randn(3, 4).t(), "b": torch.randn(2).bfloat16()}
    save_tensors(tmp_path / "plain.safetensors", state, {"step": "7"})
    back, metadata = load_tensors(tmp_path / "plain.safetensors")
    assert metadata == {"step": "7"}
    assert all(torch.equal(back[name], state[name]) and back[name].dtype == state[name].dtype for name in state)
    assert [p.name for p in tmp_path.iterdir()] == ["plain.safetensors"]


def test_weights_of_another_network_are_refused_by_name(network):
    state = network.state_dict()
    untouched = state["0.weight"].clone()
    other = {**state, "0.weight": torch.zeros(2, 2), "9.bias": torch.zeros(1)}
    del other["3.bias"]
    with pytest.raises(ValueError, match=r"3\.bias is missing; 9\.bias is not in the model; 0\.weight is \[2, 2\]"):
        load_into(network, other)
    assert torch.equal(network.state_dict()["0.weight"], untouched)


def test_an_error_names_the_first_few_and_counts_the_rest(network):
    with pytest.raises(ValueError, match="and 3 more"):
        load_into(network, {})


def test_files_that_are_no_bundle_are_told_apart(tmp_path):
    with pytest.raises(ValueError, match="no weights at"):
        load_bundle(tmp_path / "absent.safetensors")
    (tmp_path / "noise.safetensors").write_bytes(b"not weights at all")
    with pytest.raises(ValueError, match="damaged"):
        load_bundle(tmp_path / "noise.safetensors")
    save_tensors(tmp_path / "plain.safetensors", {"a": torch.zeros(1)})
    with pytest.raises(ValueError, match="not a bundle"):
        load_bundle(tmp_path / "plain.safetensors")


def test_the_mean_of_runs_is_taken_of_floats_and_bundles_alike(tmp_path):
    first, second = torch.randn(64, 64), torch.randn(64, 64)
    save_tensors(tmp_path / "a.safetensors", {"w": first})
    save_bundle(tmp_path / "b.safetensors", {"w": second}, {})
    mean = load_mean([tmp_path / "a.safetensors", tmp_path / "b.safetensors"])["w"]
    torch.testing.assert_close(mean, (first + second) / 2, atol=0.02, rtol=0)
    save_tensors(tmp_path / "c.safetensors", {"w": first[:3]})
    with pytest.raises(ValueError, match="same network"):
        load_mean([tmp_path / "a.safetensors", tmp_path / "c.safetensors"])


def test_a_version_is_read_without_the_tensors(tmp_path: Path) -> None:
    save_tensors(tmp_path / "a.safetensors", {"w": torch.zeros(3)}, {"version": "0.6"})
    (tmp_path / "b.safetensors").write_text("no weights")
    assert [version_of(tmp_path / f"{name}.safetensors") for name in "abc"] == ["0.6", "unversioned", "unversioned"]
