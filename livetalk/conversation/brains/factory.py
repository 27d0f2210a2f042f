"""Factory of brains: one is made by its name, with addresses, models, keys and a voice from the options.

What is not given comes from environment variables: OPENAI_API_KEY, and LIVETALK_STT_, LIVETALK_LLM_, LIVETALK_TTS_,
LIVETALK_OMNI_ followed by URL, MODEL or KEY; LIVETALK_OMNI_TRANSCRIPTION is the model that writes down the visitor on
a server of one's own. Keys come from there only: what is typed is seen by others. Knows which brains there are; not
what they do.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

from livetalk.conversation.brains.base import Brain
from livetalk.conversation.brains.cascade import OPENAI, CascadeBrain, CascadeConfig, Service
from livetalk.conversation.brains.echo import EchoBrain
from livetalk.conversation.brains.local.brain import LocalBrain
from livetalk.conversation.brains.omni import OmniBrain
from livetalk.conversation.brains.options import BrainName, BrainOptions
from livetalk.conversation.brains.realtime import Dialect, RealtimeConfig


def make_brain(name: str, wishes: BrainOptions | None = None, environment: Mapping[str, str] | None = None) -> Brain:
    """The brain, not started. Raises ValueError for an unknown name or dialect, or a key that is missing."""
    w, env = wishes or BrainOptions(), os.environ if environment is None else environment
    match name:
        case "echo":
            return EchoBrain()
        case "local":
            return LocalBrain(w.whisper, w.chat, w.kokoro, w.voice, w.language or "en")
        case "cascade":
            return CascadeBrain(_cascade(w, env))
        case "omni":
            return OmniBrain(_omni(w, env))
    raise ValueError(f"there is no brain {name!r}: choose one of {', '.join(get_args(BrainName))}")


def _cascade(wishes: BrainOptions, env: Mapping[str, str]) -> CascadeConfig:
    config = CascadeConfig()
    everywhere = wishes.url or env.get("LIVETALK_LLM_URL")
    return replace(
        config,
        transcription=_service("STT", config.transcription, everywhere, None, env),
        chat=_service("LLM", config.chat, everywhere, wishes.model, env),
        speech=_service("TTS", config.speech, everywhere, None, env),
        voice=wishes.voice or config.voice,
        language=wishes.language,
    )


def _service(kind: str, usual: Service, url: str | None, model: str | None, env: Mapping[str, str]) -> Service:
    url = env.get(f"LIVETALK_{kind}_URL", url or usual.url)
    model = model or env.get(f"LIVETALK_{kind}_MODEL", usual.model)
    return replace(usual, url=url, model=model, key=_key(kind, url, OPENAI, env))


def _omni(wishes: BrainOptions, env: Mapping[str, str]) -> RealtimeConfig:
    usual = RealtimeConfig()
    url = wishes.url or env.get("LIVETALK_OMNI_URL", usual.url)
    dialect = wishes.dialect or "openai"
    if dialect not in get_args(Dialect):
        raise ValueError(f"there is no dialect {dialect!r}: choose one of {', '.join(get_args(Dialect))}")
    model = wishes.model or env.get("LIVETALK_OMNI_MODEL", usual.model)
    key = _key("OMNI", url, usual.url, env)
    # Who writes down the visitor is OpenAI's: other servers know no such model.
    transcription = usual.transcription if url == usual.url else env.get("LIVETALK_OMNI_TRANSCRIPTION")
    return replace(
        usual,
        url=url,
        model=model,
        key=key,
        voice=wishes.voice,
        dialect=dialect,  # type: ignore[arg-type]
        transcription=transcription,
    )


def _key(kind: str, url: str, official: str, env: Mapping[str, str]) -> str | None:
    """The service's key; OpenAI's own is sent to OpenAI only."""
    if (given := env.get(f"LIVETALK_{kind}_KEY")) is not None:
        return given
    if url != official:
        return None
    if "OPENAI_API_KEY" not in env:
        raise ValueError(f"{official} needs a key: set OPENAI_API_KEY, or give another address")
    return env["OPENAI_API_KEY"]
