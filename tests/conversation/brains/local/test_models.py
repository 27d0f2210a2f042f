"""Models that are here are known to be here, and what is wrong with them is a sentence."""

import asyncio
from pathlib import Path

import pytest

from livetalk.conversation.brains.base import BrainError
from livetalk.conversation.brains.local import brain as local
from livetalk.conversation.brains.local import models
from livetalk.conversation.brains.local.brain import LocalBrain


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any model, and where its cache would be."""
    monkeypatch.setenv("LIVETALK_CACHE", str(tmp_path))
    monkeypatch.setattr(models, "_package", lambda name: None)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_, **__: None)
    for model in (models.WHISPER, models.SMOLLM):
        monkeypatch.delenv(model.variable, raising=False)
    return tmp_path


def test_a_model_is_at_hand_in_the_cache_in_a_named_folder_or_from_the_hub(bare: Path, monkeypatch: pytest.MonkeyPatch):
    assert not models.at_hand(models.WHISPER)
    (bare / "whisper-base").mkdir()
    assert not models.at_hand(models.WHISPER), "a folder without weights is no model"
    (bare / "whisper-base" / "model.bin").touch()
    assert models.at_hand(models.WHISPER)
    assert not models.at_hand(models.SMOLLM)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda repository, file, revision: f"/hub/{file}")
    assert models.at_hand(models.SMOLLM)
    monkeypatch.setenv(models.SMOLLM.variable, str(bare))
    assert not models.at_hand(models.SMOLLM), "what is named counts, whatever lies elsewhere"


class _Voices:
    voices = ("af_heart", "am_adam")

    def __init__(self, *_: object) -> None: ...


def _damaged(*_: object) -> None:
    raise RuntimeError("File model.bin is incomplete: failed to read a buffer\nat position 9")


@pytest.mark.parametrize(
    ("replaced", "step", "words"),
    [
        ({}, "voice", "choose one of af_heart, am_adam"),
        ({"LocalASR": _damaged}, "transcription", "damaged or incomplete"),
        ({"LocalLLM": _damaged}, "thinking", "damaged or incomplete"),
    ],
)
def test_what_is_wrong_with_a_model_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, replaced: dict[str, object], step: str, words: str
):
    for name in ("find_whisper", "find_chat"):
        monkeypatch.setattr(local, name, lambda folder: folder)
    for name in ("LocalASR", "LocalLLM", "Kokoro"):
        monkeypatch.setattr(local, name, replaced.get(name, _Voices))

    async def run() -> None:
        brain = LocalBrain(voice="af_hart")
        with pytest.raises(BrainError, match=words) as told:
            await brain.start()
        assert told.value.step == step
        assert "\n" not in str(told.value)
        await brain.close()

    asyncio.run(run())
