"""Any prompt becomes 24 rows: words where there are words, zeros where there are none."""

from importlib.resources import files
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from livetalk.conditions.speech_tiny import frozen, save_weights
from livetalk.conditions.text_tiny import TextEncoder, TextEncoderConfig, load_text_encoder, word_ids, words_of

torch.manual_seed(0)
ENCODER = frozen(TextEncoder())


def test_it_has_at_most_half_a_million_parameters() -> None:
    assert sum(p.numel() for p in ENCODER.parameters()) <= 500_000


@settings(deadline=None, max_examples=60)
@given(prompt=st.text(max_size=300))
def test_any_text_gives_finite_rows_and_zero_padding(prompt: str) -> None:
    rows = ENCODER.encode([prompt])[0]
    count = min(24, len(words_of(prompt)))
    assert rows.shape == (24, 128)
    assert torch.isfinite(rows).all()
    assert (rows[count:] == 0).all()
    assert count == 0 or (rows[:count].abs().amax(dim=-1) > 0).all()


def test_an_empty_prompt_is_all_zeros() -> None:
    assert (ENCODER.encode(["", "  ...  "]) == 0).all()


def test_a_long_prompt_is_cut_to_its_first_words() -> None:
    words = [f"word{i}" for i in range(30)]
    assert torch.equal(ENCODER.tokenise(" ".join(words)), ENCODER.tokenise(" ".join(words[:24])))


def test_case_accents_and_punctuation_do_not_matter() -> None:
    assert torch.equal(ENCODER.tokenise("A Womän smiles, and NODS!"), ENCODER.tokenise("a woman smiles nods"))


def test_a_batch_of_two_equals_two_runs_of_one() -> None:
    prompts = ["she smiles and nods", "a man, calm, looking to the left while he speaks quietly"]
    both = ENCODER.encode(prompts)
    for row, prompt in zip(both, prompts, strict=True):
        assert torch.allclose(row, ENCODER.encode([prompt])[0], atol=1e-5)


def test_related_words_share_ids_and_ids_never_change() -> None:
    config = TextEncoderConfig()
    smiles, smiling, angry = (set(word_ids(word, config)) - {0} for word in ("smiles", "smiling", "angry"))
    assert len(smiles & smiling) >= 2
    assert not smiles & angry
    assert word_ids("nod", config)[:3] == (1 + 0xFA711DBF % 5000, *word_ids("nod", config)[1:3])


def test_saved_weights_load(tmp_path) -> None:
    save_weights(ENCODER, tmp_path / "text.safetensors")
    loaded = load_text_encoder(tmp_path / "text.safetensors")
    assert (loaded.encode(["she nods"]) - ENCODER.encode(["she nods"])).abs().max() < 0.02
    with pytest.raises(ValueError, match="no text encoder weights"):
        load_text_encoder(tmp_path / "none.safetensors")


def test_the_bundled_weights_tell_left_from_right() -> None:
    path = files("livetalk") / "assets" / "tiny" / "text.safetensors"
    bundled = load_text_encoder(Path(str(path)))
    left, right, again = bundled.encode(["he looks to the left", "he looks to the right", "He looks to the LEFT!"])
    assert torch.allclose(left, again, atol=1e-4)
    assert (left - right).norm() > 0.3 * left.norm()
