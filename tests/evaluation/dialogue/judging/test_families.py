"""A judge of the brain's own family is warned about; unknown names are not."""

import pytest

from livetalk.evaluation.dialogue.judging.families import family, self_preference


@pytest.mark.parametrize(
    ("model", "known"),
    [
        ("Qwen/Qwen3-VL-30B-A3B-Instruct", "qwen"),
        ("gpt-4o-mini", "gpt"),
        ("google/gemma-3-12b-it", "gemma"),
        ("HuggingFaceTB/SmolLM2-135M-Instruct", "smollm"),
        ("dolphin", None),
    ],
)
def test_families(model: str, known: str | None) -> None:
    assert family(model) == known


def test_the_warning_names_both() -> None:
    sentence = self_preference("Qwen3-VL-30B", "Qwen3-Omni")
    assert sentence is not None
    assert "Qwen3-VL-30B" in sentence
    assert self_preference("Qwen3-VL-30B", "gpt-4o") is None
    assert self_preference("mine", "mine") is None
