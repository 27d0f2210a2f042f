"""The published encoders: what they refuse, what they mend, and what of a prompt is kept on disk."""

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers

from livetalk.conditions.speech_wav2vec2 import Wav2Vec2Speech, build_wav2vec2, wav2vec2_state
from livetalk.conditions.text_cache import TextCache
from livetalk.conditions.text_umt5 import TOKENS, UMT5Text, build_umt5, clean
from tests.helpers.golden import golden


def weights(case):
    return {name: tensor.float() for name, tensor in golden(case, "weights").items()}


@pytest.fixture
def tokenizer(tmp_path) -> Path:
    words = Tokenizer(models.WordLevel({"<unk>": 1, "a": 2, "face": 3}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.save(str(tmp_path / "tokenizer.json"))
    return tmp_path / "tokenizer.json"


def test_a_prompt_fills_its_rows_and_leaves_the_rest_zero(tokenizer):
    rows = UMT5Text.load(weights("umt5"), tokenizer).encode(["a face", ""])
    assert rows.shape == (2, TOKENS, 48)
    assert rows[0, :2].any(-1).all()
    assert not rows[0, 2:].any()
    assert not rows[1].any()


def test_a_long_prompt_is_cut(tokenizer):
    rows = UMT5Text.load(weights("umt5"), tokenizer).encode(["a " * (TOKENS + 9)])
    assert rows.any(-1).all()


def test_white_space_and_entities_do_not_matter():
    assert clean(" a &amp;amp; b\n\t c ") == "a & b c"


def test_encoders_hold_the_checkpoints_tensors_not_copies():
    state = weights("umt5")
    assert build_umt5(state).shared.weight.data_ptr() == state["token_embedding.weight"].data_ptr()


@pytest.mark.parametrize("name", ["blocks.1.attn.q.weight", "token_embedding.weight"])
def test_a_missing_text_tensor_is_named(name):
    state = weights("umt5")
    del state[name]
    with pytest.raises(ValueError, match=r"layer.0.SelfAttention.q.weight is missing|token_embedding.weight is miss"):
        build_umt5(state)


def test_a_missing_tokenizer_is_named(tmp_path):
    with pytest.raises(ValueError, match="no tokenizer"):
        UMT5Text.load(weights("umt5"), tmp_path / "none.json")


def published_names(state):
    """The same tensors as the hub's file has them: of the recognition model, with older names of weight norm."""
    renamed = {}
    for name, tensor in state.items():
        name = name.replace("parametrizations.weight.original0", "weight_g")
        renamed["wav2vec2." + name.replace("parametrizations.weight.original1", "weight_v")] = tensor
    return {**renamed, "lm_head.weight": torch.zeros(32, 24), "lm_head.bias": torch.zeros(32)}


def test_the_hubs_names_of_speech_tensors_are_known():
    state = weights("wav2vec2")
    assert wav2vec2_state(published_names(state)).keys() == state.keys()
    sound = torch.randn(2, 8000)
    ours, theirs = (Wav2Vec2Speech(build_wav2vec2(s, 4))(sound, 9) for s in (state, published_names(state)))
    assert torch.equal(ours, theirs)
    assert ours.shape == (2, 9, 5 * 24)


def test_silence_gives_finite_features():
    assert Wav2Vec2Speech(build_wav2vec2(weights("wav2vec2"), 4))(torch.zeros(1, 8000), 9).isfinite().all()


def test_a_missing_speech_tensor_is_named():
    state = weights("wav2vec2")
    del state["feature_projection.projection.weight"]
    with pytest.raises(ValueError, match=r"feature_projection\.projection\.weight is missing"):
        build_wav2vec2(state)
    with pytest.raises(ValueError, match="no wav2vec2 encoder"):
        build_wav2vec2({})


class Counting:
    """An encoder that remembers what it was asked."""

    def __init__(self):
        self.asked, self.loaded = [], 0

    def load(self):
        self.loaded += 1
        return self

    def encode(self, prompts):
        self.asked += prompts
        rows = torch.zeros(len(prompts), 8, 4, dtype=torch.bfloat16)
        for row, prompt in zip(rows, prompts, strict=True):
            row[: len(prompt)] = len(prompt)
        return rows


def test_a_prompt_is_encoded_once_and_the_encoder_is_not_loaded_again(tmp_path):
    encoder = Counting()
    first = TextCache(tmp_path / "kept", "one", encoder.load, 8).encode(["abc", "", "abc"])
    again = TextCache(tmp_path / "kept", "one", encoder.load, 8).encode(["abc", ""])
    assert encoder.asked == ["abc", ""]
    assert encoder.loaded == 1
    assert torch.equal(first[:2], again)
    assert torch.equal(again, encoder.encode(["abc", ""]))


def test_another_encoder_never_sees_these_features(tmp_path):
    encoder = Counting()
    for name in ("one", "two"):
        TextCache(tmp_path, name, encoder.load, 8).encode(["abc"])
    assert encoder.asked == ["abc", "abc"]


def test_a_damaged_file_is_made_anew(tmp_path):
    encoder = Counting()
    cache = TextCache(tmp_path, "one", encoder.load, 8)
    expected = cache.encode(["abc"])
    cache.path_of("abc").write_bytes(b"torn")
    assert torch.equal(cache.encode(["abc"]), expected)


def test_a_cache_of_other_rows_is_refused(tmp_path):
    with pytest.raises(ValueError, match="8 rows"):
        TextCache(tmp_path, "one", Counting().load, 9).encode(["abc"])
