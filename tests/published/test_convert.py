"""What goes in comes out under our names: merged exactly, checked wholly, or not written at all."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from livetalk.cli.main import app
from livetalk.dit.config import DiTConfig, published_audio_blocks
from livetalk.dit.model import DiT
from livetalk.published.convert import convert
from livetalk.published.files import read_checkpoint, write_safetensors
from livetalk.published.transformer import load_dit
from tests.helpers.golden import golden

SMALL = DiTConfig(
    dim=128, layers=4, heads=1, ffn_dim=64, latent_channels=16, text_dim=24, audio_dim=12,
    audio_blocks=published_audio_blocks(4), freq_dim=32,
)  # fmt: skip
LORA = {"lora_rank": 4, "lora_alpha": 2}
TARGETS = [f"blocks.{i}.{n}" for i in range(4) for n in ("self_attn.q", "cross_attn.o", "ffn.0", "ffn.2")]


@pytest.fixture
def whole():
    torch.manual_seed(0)
    return {name: torch.randn_like(tensor) for name, tensor in DiT(SMALL).state_dict().items()}


@pytest.fixture
def plain(whole):
    """The base without audio, its first layer 16 channels wide."""
    base = {name: tensor for name, tensor in whole.items() if not name.startswith("audio")}
    return {**base, "patch_embedding.weight": whole["patch_embedding.weight"][:, :16].clone()}


@pytest.fixture
def adapter(whole):
    """What OmniAvatar publishes: pairs of matrices, and whole the layers that the base has not."""
    parts = {name: tensor for name, tensor in whole.items() if name.startswith(("audio", "patch_embedding"))}
    for target in TARGETS:
        out, into = whole[target + ".weight"].shape
        parts[target + ".lora_A.default.weight"] = torch.randn(4, into).bfloat16()
        parts[target + ".lora_B.default.weight"] = torch.randn(out, 4).bfloat16()
    return parts


def lay(tmp_path, plain, adapter, config=LORA):
    torch.save(plain, tmp_path / "base.pth")
    torch.save({"model": adapter}, tmp_path / "pytorch_model.pt")
    (tmp_path / "config.json").write_text(json.dumps(config))
    return tmp_path / "base.pth", tmp_path / "out.safetensors", tmp_path / "pytorch_model.pt"


def test_a_merge_adds_alpha_over_rank_times_the_product(tmp_path, whole, plain, adapter):
    base, out, lora = lay(tmp_path, plain, adapter)
    assert convert(base, out, adapter=lora) == "transformer"
    merged = load_file(out)
    assert merged.keys() == whole.keys()
    for name, tensor in merged.items():
        expected = whole[name]
        if (target := name.removesuffix(".weight")) in TARGETS:
            a, b = (adapter[f"{target}.lora_{x}.default.weight"].float() for x in "AB")
            expected = expected + 0.5 * b @ a
        assert torch.equal(tensor, expected), name
        assert tensor.dtype == torch.float32
    load_dit(read_checkpoint(out), SMALL)


def test_the_command_merges(tmp_path, plain, adapter):
    base, out, lora = lay(tmp_path, plain, adapter)
    done = CliRunner().invoke(app, ["convert", str(base), str(out), "--merge", str(lora), "--dtype", "bfloat16"])
    assert done.exit_code == 0, done.output
    assert "transformer" in done.output
    assert {tensor.dtype for tensor in load_file(out).values()} == {torch.bfloat16}


def test_numbers_that_are_not_finite_are_refused_and_nothing_is_written(tmp_path, plain, adapter):
    adapter["blocks.1.ffn.0.lora_B.default.weight"][3, 2] = float("nan")
    base, out, lora = lay(tmp_path, plain, adapter)
    with pytest.raises(ValueError, match=r"blocks\.1\.ffn\.0\.weight holds NaN"):
        convert(base, out, adapter=lora)
    assert {path.name for path in tmp_path.iterdir()} == {"base.pth", "pytorch_model.pt", "config.json"}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"lora_rank": 8, "lora_alpha": 2}, "has rank 4, its config says 8"),
        ({"lora_rank": 4}, "lora_alpha None"),
        ({"lora_rank": 0, "lora_alpha": 2}, "lora_rank 0"),
    ],
)
def test_rank_and_alpha_are_those_of_the_config_or_nothing(tmp_path, plain, adapter, config, words):
    base, out, lora = lay(tmp_path, plain, adapter, config)
    with pytest.raises(ValueError, match=words):
        convert(base, out, adapter=lora)


def test_a_merge_without_a_config_is_refused(tmp_path, plain, adapter):
    base, out, lora = lay(tmp_path, plain, adapter)
    (tmp_path / "config.json").unlink()
    with pytest.raises(ValueError, match="--config"):
        convert(base, out, adapter=lora)


def test_half_a_pair_and_a_stranger_are_refused(tmp_path, plain, adapter):
    last = adapter.pop("blocks.3.ffn.2.lora_B.default.weight")
    with pytest.raises(ValueError, match=r"half of a pair for blocks\.3\.ffn\.2\.weight"):
        base, out, lora = lay(tmp_path, plain, adapter)
        convert(base, out, adapter=lora)
    adapter["blocks.3.ffn.2.lora_B.default.weight"] = last
    adapter |= {f"blocks.9.ffn.2.lora_{x}.default.weight": torch.zeros(4, 4) for x in "AB"}
    with pytest.raises(ValueError, match="which the base has not"):
        base, out, lora = lay(tmp_path, plain, adapter)
        convert(base, out, adapter=lora)


DIFFUSERS = (
    ("self_attn.o.", "attn1.to_out.0."), ("cross_attn.o.", "attn2.to_out.0."),
    ("self_attn.norm_", "attn1.norm_"), ("cross_attn.norm_", "attn2.norm_"),
    ("self_attn.", "attn1.to_"), ("cross_attn.", "attn2.to_"),
    ("ffn.0.", "ffn.net.0.proj."), ("ffn.2.", "ffn.net.2."), ("norm3.", "norm2."),
    ("head.modulation", "scale_shift_table"), ("modulation", "scale_shift_table"), ("head.head.", "proj_out."),
    ("text_embedding.0.", "condition_embedder.text_embedder.linear_1."),
    ("text_embedding.2.", "condition_embedder.text_embedder.linear_2."),
    ("time_embedding.0.", "condition_embedder.time_embedder.linear_1."),
    ("time_embedding.2.", "condition_embedder.time_embedder.linear_2."),
    ("time_projection.1.", "condition_embedder.time_proj."),
)  # fmt: skip


def in_diffusers(name):
    return next((name.replace(a, b) for a, b in DIFFUSERS if a in name), name)


def test_names_of_diffusers_are_mapped_also_where_the_file_is_in_pieces(tmp_path, whole):
    foreign = {in_diffusers(name): tensor for name, tensor in whole.items()}
    names = sorted(foreign)
    pieces = {"one.safetensors": names[: len(names) // 2], "two.safetensors": names[len(names) // 2 :]}
    for file, part in pieces.items():
        save_file({name: foreign[name] for name in part}, tmp_path / file)
    index = {"weight_map": {name: file for file, part in pieces.items() for name in part}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    out = tmp_path / "out.safetensors"
    convert(tmp_path, out, dtype=torch.bfloat16)
    written = load_file(out)
    assert written.keys() == whole.keys()
    assert all(torch.equal(written[name], tensor.bfloat16()) for name, tensor in whole.items())


@pytest.mark.parametrize(("case", "kind"), [("vae", "codec"), ("umt5", "text")])
def test_other_published_files_pass_unchanged(tmp_path, case, kind):
    state = golden(case, "weights")
    torch.save(state, tmp_path / "in.pth")
    assert convert(tmp_path / "in.pth", tmp_path / "out.safetensors") == kind
    written = load_file(tmp_path / "out.safetensors")
    assert written.keys() == state.keys()
    assert all(torch.equal(written[name], tensor) for name, tensor in state.items())


def test_a_file_that_is_none_of_ours_is_refused(tmp_path):
    save_file({"weight": torch.ones(2)}, tmp_path / "in.safetensors")
    with pytest.raises(ValueError, match=r"not a checkpoint we know \(weight\)"):
        convert(tmp_path / "in.safetensors", tmp_path / "out.safetensors")


def test_a_file_with_code_in_it_is_refused(tmp_path):
    torch.save({"model": Path("x")}, tmp_path / "in.pth")
    with pytest.raises(ValueError, match="more than tensors"):
        read_checkpoint(tmp_path / "in.pth")


def test_tensors_are_read_under_wrappers_and_prefixes(tmp_path):
    inner = {"model._fsdp_wrapped_module.a": torch.ones(2), "model.b": torch.zeros(1)}
    torch.save({"generator": inner}, tmp_path / "in.pt")
    assert read_checkpoint(tmp_path / "in.pt").keys() == {"a", "b"}


def test_a_streamed_file_is_a_safetensors_file(tmp_path):
    state = {"a": torch.randn(3, 4), "b": torch.tensor(7), "c": torch.randn(5).bfloat16(), "d": torch.zeros(0, 2)}
    specs = {name: (tensor.dtype, tuple(tensor.shape)) for name, tensor in state.items()}
    write_safetensors(tmp_path / "x.safetensors", specs, iter(state.items()), {"who": "us"})
    read = load_file(tmp_path / "x.safetensors")
    assert all(torch.equal(read[name], tensor) for name, tensor in state.items())
