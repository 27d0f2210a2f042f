"""Options that do not go together are told before any work."""

import pytest

from livetalk.evaluation.dialogue.judging.options import JudgeOptions


def test_a_judge_is_small_or_an_address_with_a_model() -> None:
    JudgeOptions().check()
    JudgeOptions("http://host/v1", "a-model").check()
    with pytest.raises(ValueError, match="neither `small` nor an address"):
        JudgeOptions("gpt").check()
    with pytest.raises(ValueError, match="say with --model"):
        JudgeOptions("http://host/v1").check()


def test_the_small_judge_hears_and_others_if_they_do(monkeypatch: pytest.MonkeyPatch) -> None:
    assert JudgeOptions().hears
    assert not JudgeOptions("http://host/v1", "m").hears
    monkeypatch.setenv("MY_KEY", "secret")
    assert JudgeOptions(key_variable="MY_KEY").key == "secret"
    monkeypatch.setenv("OPENAI_API_KEY", "another")
    assert JudgeOptions().key is None, "a key goes to no server that it was not named for"
    monkeypatch.setenv("MY_KEY", "")
    with pytest.raises(ValueError, match="the environment has no MY_KEY"):
        JudgeOptions(key_variable="MY_KEY").check()
