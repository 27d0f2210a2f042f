"""Promises about prompts: what the model does not read is told in one line, and none breaks a command."""

import pytest

from livetalk.cli.inputs import typed_prompt
from livetalk.presets import TINY


def test_a_prompt_is_taken_as_it_is_typed(capsys: pytest.CaptureFixture[str]) -> None:
    for prompt in ("", " ", "a woman smiles", "café 😀 \x00", "π"):
        assert typed_prompt(prompt, TINY) == prompt
    assert not capsys.readouterr().err


def test_bytes_of_another_encoding_and_halves_of_characters_are_no_mistake() -> None:
    assert typed_prompt(b"caf\xe9".decode("utf-8", "surrogateescape"), TINY) == "café"
    assert typed_prompt("smiles \ud83d", TINY) == "smiles "


def test_what_is_not_read_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert typed_prompt("微笑的女人", TINY) == "微笑的女人"
    assert capsys.readouterr().err == "note: words of --prompt in Chinese characters do nothing: tiny knows English\n"
    assert typed_prompt("x" * 5_000, TINY) == "x" * TINY.longest_prompt
    assert capsys.readouterr().err == "note: --prompt has 5000 characters, of which tiny reads the first 600\n"
