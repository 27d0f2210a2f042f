"""Every published file fits our classes; others are refused by name and shape."""

import hashlib
import json
import lzma

import pytest
import torch

from livetalk.codec.wan import load_wan
from livetalk.conditions.speech_wav2vec2 import build_wav2vec2
from livetalk.conditions.text_umt5 import build_umt5
from livetalk.presets import DIT_1_3B, DIT_14B
from livetalk.published.transformer import config_of, load_dit
from tests.helpers.golden import GOLDEN, golden

PUBLISHED = json.loads(lzma.decompress((GOLDEN / "checkpoint_keys.json.xz").read_bytes()))


def blank(file):
    """A checkpoint of the published names and shapes, without storage."""
    return {name: torch.empty(shape, device="meta") for name, shape in PUBLISHED[file]["keys"].items()}


@pytest.mark.parametrize(
    ("file", "load", "numbers"),
    [
        ("dit_1.3b_audio", load_dit, 1_421_187_232),
        ("dit_14b_audio", load_dit, 14_293_426_336),
        ("wan_vae", load_wan, 126_892_531),
        ("umt5_xxl_encoder", build_umt5, 5_680_910_336),
    ],
)
def test_a_checkpoint_with_the_published_names_and_shapes_loads(file, load, numbers):
    model = load(blank(file))
    assert sum(p.numel() for p in model.parameters()) == numbers


@pytest.mark.parametrize(("file", "config"), [("dit_1.3b_audio", DIT_1_3B), ("dit_14b_audio", DIT_14B)])
def test_sizes_are_read_off_the_tensors(file, config):
    assert config_of(blank(file)) == config


@pytest.mark.parametrize(
    ("file", "load", "known"),
    [
        ("dit_1.3b_audio", load_dit, "2bf9513c7a3e908015f11a800fc9b820"),
        ("dit_14b_audio", load_dit, "883a90b12576b9b8693a08cf690998dd"),
        ("wan_vae", load_wan, "ccc42284ea13e1ad04693284c7a09be6"),
    ],
)
def test_our_models_have_the_layout_by_which_others_know_these_files(file, load, known):
    """Their loaders recognise a file by the MD5 of its names, with and without shapes."""
    words = []
    for name, tensor in load(blank(file)).state_dict().items():
        words += [name, f"{name}:{'_'.join(str(n) for n in tensor.shape)}"]
    assert hashlib.md5(",".join(sorted(words)).encode(), usedforsecurity=False).hexdigest() == known


def speech_layout():
    """wav2vec2-base as the hub has it, from the published sizes."""
    d = 768
    shapes = {"masked_spec_embed": [d], "feature_projection.layer_norm.weight": [512]}
    shapes |= {"feature_projection.layer_norm.bias": [512], "feature_projection.projection.weight": [d, 512]}
    shapes |= {"feature_projection.projection.bias": [d], "encoder.layer_norm.weight": [d]}
    shapes |= {"encoder.layer_norm.bias": [d], "encoder.pos_conv_embed.conv.bias": [d]}
    shapes |= {"encoder.pos_conv_embed.conv.weight_g": [1, 1, 128]}
    shapes |= {"encoder.pos_conv_embed.conv.weight_v": [d, 48, 128]}
    for i, kernel in enumerate((10, 3, 3, 3, 3, 2, 2)):
        shapes[f"feature_extractor.conv_layers.{i}.conv.weight"] = [512, 512 if i else 1, kernel]
    for leaf in ("weight", "bias"):
        shapes[f"feature_extractor.conv_layers.0.layer_norm.{leaf}"] = [512]
    linears = {f"attention.{n}_proj": (d, d) for n in ("q", "k", "v", "out")}
    linears |= {"feed_forward.intermediate_dense": (3072, d), "feed_forward.output_dense": (d, 3072)}
    for i in range(12):
        for name, (out, into) in linears.items():
            shapes[f"encoder.layers.{i}.{name}.weight"], shapes[f"encoder.layers.{i}.{name}.bias"] = [out, into], [out]
        for norm in ("layer_norm", "final_layer_norm"):
            for leaf in ("weight", "bias"):
                shapes[f"encoder.layers.{i}.{norm}.{leaf}"] = [d]
    named = {f"wav2vec2.{name}": shape for name, shape in shapes.items()}
    return {**named, "lm_head.weight": [32, d], "lm_head.bias": [32]}


def test_the_published_speech_encoder_loads():
    model = build_wav2vec2({name: torch.empty(shape, device="meta") for name, shape in speech_layout().items()})
    assert model.config.num_attention_heads == 12
    assert sum(p.numel() for p in model.parameters()) == 94_371_712


@pytest.mark.parametrize("file", ["dit_1.3b_audio", "wan_vae", "umt5_xxl_encoder"])
@pytest.mark.parametrize("harm", ["missing", "extra", "shape"])
def test_a_file_that_does_not_fit_is_refused_by_name_and_shape(file, harm):
    load = {"dit_1.3b_audio": load_dit, "wan_vae": load_wan, "umt5_xxl_encoder": build_umt5}[file]
    state, name = blank(file), list(PUBLISHED[file]["keys"])[-1]
    if harm == "missing":
        del state[name]
    elif harm == "extra":
        state["a.stranger"] = torch.empty(3, device="meta")
    else:
        state[name] = torch.empty(7, device="meta")
    words = {
        "missing": r"weight is missing|bias is missing",
        "extra": "a.stranger is not in",
        "shape": r"is \[7\] instead",
    }
    with pytest.raises(ValueError, match=words[harm]):
        load(state)


def test_the_14b_is_no_1_3b():
    with pytest.raises(ValueError, match=r"patch_embedding\.weight is \[5120, 33, 1, 2, 2\] instead of \[1536"):
        load_dit(
            {k: v for k, v in blank("dit_14b_audio").items() if k in PUBLISHED["dit_1.3b_audio"]["keys"]}, DIT_1_3B
        )


def test_the_plain_model_is_sent_to_convert():
    plain = {name: tensor for name, tensor in blank("dit_1.3b_audio").items() if not name.startswith("audio")}
    with pytest.raises(ValueError, match="livetalk convert"):
        load_dit(plain)


def test_a_loaded_vae_decodes_like_one_that_was_built():
    state = {name: tensor.float() for name, tensor in golden("vae", "weights").items()}
    io = golden("vae")
    with torch.inference_mode():
        frames = load_wan(state).decode(io["latents"])
    assert (frames - io["reconstruction"]).norm() / io["reconstruction"].norm() < 1e-5
