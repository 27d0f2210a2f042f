"""Promises of choosing: one flag suffices, keys go only where they belong."""

from pathlib import Path

import pytest

from livetalk.conversation.brains.cascade import CascadeBrain
from livetalk.conversation.brains.factory import make_brain
from livetalk.conversation.brains.omni import OmniBrain
from livetalk.conversation.brains.options import BrainOptions


def test_echo_and_local_need_nothing():
    assert make_brain("echo", environment={}).name == "echo"
    assert make_brain("local", BrainOptions(whisper=Path("/none")), {}).name == "local"


def test_a_key_of_openai_is_sent_to_openai_only():
    env = {"OPENAI_API_KEY": "secret"}
    brain = make_brain("cascade", BrainOptions(url="http://localhost:8000/v1", model="qwen"), env)
    assert isinstance(brain, CascadeBrain)
    services = (brain.config.transcription, brain.config.chat, brain.config.speech)
    assert all(service.key is None and service.url == "http://localhost:8000/v1" for service in services)
    assert brain.config.chat.model == "qwen"
    own = make_brain("cascade", None, env)
    assert isinstance(own, CascadeBrain)
    assert own.config.chat.key == "secret"
    assert "secret" not in repr(own.config)


def test_services_can_live_apart():
    env = {"LIVETALK_STT_URL": "http://a/v1", "LIVETALK_TTS_URL": "http://b/v1", "LIVETALK_TTS_KEY": "k"}
    brain = make_brain("cascade", BrainOptions(url="http://c/v1"), env)
    assert isinstance(brain, CascadeBrain)
    config = brain.config
    assert (config.transcription.url, config.chat.url, config.speech.url) == (
        "http://a/v1",
        "http://c/v1",
        "http://b/v1",
    )
    assert (config.transcription.key, config.speech.key) == (None, "k")


def test_omni_at_home_wants_no_key():
    brain = make_brain(
        "omni", BrainOptions(url="ws://localhost:8000/v1/realtime", model="Qwen3-Omni"), {"OPENAI_API_KEY": "x"}
    )
    assert isinstance(brain, OmniBrain)
    assert (brain.config.key, brain.config.transcription) == (None, None)


@pytest.mark.parametrize("name", ["cascade", "omni"])
def test_a_missing_key_is_one_sentence(name: str):
    with pytest.raises(ValueError, match="OPENAI_API_KEY"):
        make_brain(name, None, {})


def test_unknown_names_are_one_sentence():
    with pytest.raises(ValueError, match="choose one of local, cascade, omni, echo"):
        make_brain("genius")
    with pytest.raises(ValueError, match="choose one of openai, vllm-omni"):
        make_brain("omni", BrainOptions(url="ws://x", dialect="klingon"), {})
